"""Golden pairs: a request and the exact bytes of its answer, with what is drawn masked.

To add one, put `<case>.request.json` beside the others and run the test once with
GOLDEN=write in the environment; then read what was written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.services import administer
from tests.conftest import Gateway, running_gateway

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden" / "midjourney"
CASES = sorted(p.name.removesuffix(".request.json") for p in GOLDEN.glob("*.request.json"))
_MASKS = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"task_[0-9A-Z]{26}", "<ulid>"),
    (r"expires=\d+&signature=[\w-]+", "<signed>"),
    (r"http://127\.0\.0\.1:\d+", "<base>"),
    (r"\b[1-9]\d{15}\b", "<id>"),
    (r"\b1[78]\d{11}\b", "<time>"),
)


def masked(text: str) -> str:
    for pattern, word in _MASKS:
        text = re.sub(pattern, word, text)
    return text


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", tmp_path, banned_words="gore") as running:
        narrow = Channel("ch_narrow", "narrow", "sandbox", core_size=1, queue_size=1)
        await administer.create_channel(running.house.database, narrow)
        await running.house.catalogue.refresh()
        yield running


async def play(gateway: Gateway, steps: list[dict[str, Any]]) -> str:
    """Send the steps one after the other; `$id` and `$job` stand for the last task's own."""
    task_id = job = ""
    text = ""
    for step in steps:
        path = step["path"].replace("$id", task_id)
        raw = json.dumps(step.get("body"), ensure_ascii=False) if "body" in step else ""
        if step.get("wait") or "$job" in raw:
            job = (await gateway.client.until(task_id))["properties"].get("messageHash", "")
        raw = raw.replace("$id", task_id).replace("$job", job)
        reply = await gateway.client.call(
            step["method"], path, raw.encode() if raw else None, headers=step.get("headers")
        )
        text = reply.body.decode()
        found = json.loads(text)
        if isinstance(found, dict) and found.get("result"):
            task_id = found["result"]
    return masked(text)


@pytest.mark.parametrize("case", CASES)
async def test_golden_pair(gateway: Gateway, case: str) -> None:
    steps = json.loads((GOLDEN / f"{case}.request.json").read_text())
    answer = GOLDEN / f"{case}.response.json"
    found = await play(gateway, steps)
    if os.environ.get("GOLDEN") == "write":
        answer.write_text(found + "\n")
    assert found + "\n" == answer.read_text()


def test_there_are_pairs() -> None:
    assert len(CASES) >= 10
