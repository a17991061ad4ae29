"""Price lists from files, and accounts whose group pays another price."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gesso.services.administer import FIRST_ACCOUNT
from tests.flows.test_openai_relay import COST, HELLO, running, sdk, settled
from tests.rooms.cli.commands import gesso

pytestmark = pytest.mark.anyio
ADMIN = "/admin/api/v1"


async def test_an_imported_price_and_a_group(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, _models):
        call = gateway.client.call
        text = "model,input,cached,output\ngpt-4o-mini,0.30,0.15,1.20\n"
        made = await call("POST", f"{ADMIN}/price-imports", {"text": text, "multiplier": "2"})
        assert (made.status, made.json) == (201, {"set": 3})
        listed: Any = await gateway.client.get("/pricing.json")
        assert listed["models"]["gpt-4o-mini"]["output"] == "2.40"
        bad = await call("POST", f"{ADMIN}/price-imports", {"text": "key,price\na,1\nb,x\n"})
        assert (bad.status, bad.json["error"]["param"]) == (422, "text")
        assert "a" not in (await gateway.client.get("/pricing.json"))["tasks"]
        await call("PUT", f"{ADMIN}/prices/group@partner", {"price": {"usd": "0.5"}})
        path = f"{ADMIN}/accounts/{FIRST_ACCOUNT}"
        changed = await call("PATCH", path, {"price_group": "partner"})
        assert changed.json["price_group"] == "partner"
        assert "group@partner" not in (await gateway.client.get("/pricing.json"))["tasks"]
        async with sdk(gateway) as client:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert [c["charged_nanos"] for c in await settled(gateway)] == [COST * 4 // 2]
        # Pictures pay the group's price too.
        task = await gateway.client.imagine("a fox")
        await gateway.client.until(task)
        quoted = await call("GET", f"{ADMIN}/ledger/entries?limit=50")
        amounts = {e["amount"]["nanos"] for e in quoted.json["items"] if e["verb"] == "capture"}
        assert 55_040_000 // 2 in amounts or 45_040_000 // 2 in amounts


def test_the_command_sets_all_or_nothing(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "prices.csv"
    file.write_text("key,price\nopenai@a:call,0.10\nopenai@b:call,x\n")
    code, said = gesso(data, "price", "import", str(file))
    assert (code, "line 3" in said) == (2, True)
    file.write_text("key,price\nopenai@a:call,0.10\n")
    assert gesso(data, "price", "import", str(file), "--dry-run")[0] == 0
    code, said = gesso(data, "price", "import", str(file), "--multiplier", "1.5")
    assert (code, "1 prices are set" in said) == (0, True)
    assert "openai@a:call  0.15" in gesso(data, "price", "list")[1]
