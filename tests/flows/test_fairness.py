"""Accounts share a lane: a thousand tasks of one do not starve the one of another."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.ledger.money import DOLLAR
from gesso.storage import tasks
from tests.conftest import Gateway, running_gateway

pytestmark = pytest.mark.anyio


async def flood(gateway: Gateway, count: int, prompt: str, key: str | None = None) -> list[str]:
    body = {"prompt": prompt, "accountFilter": {"instanceId": "ch_one"}}
    answers = await asyncio.gather(
        *(gateway.client.post("/mj/submit/imagine", body, key=key) for _ in range(count))
    )
    return [str(a["result"]) for a in answers]


async def started(gateway: Gateway, names: list[str]) -> list[str]:
    """Return the ids in the order in which they were started."""
    async with gateway.house.database.reading() as connection:
        found = await tasks.find_all(connection, [int(name) for name in names])
    done = sorted(found.values(), key=lambda t: (t.started_at is None, t.started_at))
    return [str(t.id) for t in done]


async def test_one_account_cannot_starve_another(database_url: str, tmp_path: Path) -> None:
    one = Channel("ch_one", "one", "sandbox", core_size=1, queue_size=5000)
    settings: Any = {"channels": [one], "free_balance": "1000"}
    async with running_gateway(database_url, tmp_path, **settings) as gateway:
        other = await gateway.new_account(100 * DOLLAR)
        third = await gateway.new_account(100 * DOLLAR)
        blocking = await flood(gateway, 1, "a --sandbox slow:600")
        await gateway.client.until(blocking[0], {"SUBMITTED", "IN_PROGRESS"})
        many = await flood(gateway, 300, "b --sandbox blank")
        few = await flood(gateway, 3, "c --sandbox blank", key=other)
        last = await flood(gateway, 1, "d --sandbox blank", key=third)
        await gateway.client.post(f"/mj/task/{blocking[0]}/cancel")
        for name in (*few, *last):
            key = other if name in few else third
            async with asyncio.timeout(60):
                while (await gateway.client.get(f"/mj/task/{name}/fetch", key=key))[
                    "status"
                ] != "SUCCESS":
                    await asyncio.sleep(0.02)
        order = await started(gateway, [*many, *few, *last])
        places = [order.index(name) for name in few]
        # Beside the first, second and third of the many: each account has one of each round.
        assert places == sorted(places)
        assert max(places) <= 12
        assert order.index(last[0]) <= 6
        own = [name for name in order if name in many][:50]
        async with gateway.house.database.reading() as connection:
            found = await tasks.find_all(connection, [int(name) for name in own])
        turns = [found[int(name)].turn for name in own if found[int(name)].started_at]
        assert turns == sorted(turns)
