"""Golden pairs: a request and the exact bytes of its answer, with what is drawn masked.

To add one, put `<case>.request.json` beside the others and run the test once with
GOLDEN=write in the environment; then read what was written.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.services import administer
from tests.apimart import form
from tests.conftest import Gateway, running_gateway

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"
#: `<dialect>/<case>`.
CASES = sorted(
    str(path.relative_to(GOLDEN)).removesuffix(".request.json")
    for path in GOLDEN.glob("*/*.request.json")
)
_MASKS = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"task_[0-9A-Z]{26}", "<ulid>"),
    (r"expires=\d+&signature=[\w-]+", "<signed>"),
    (r"http://127\.0\.0\.1:\d+", "<base>"),
    (r"\b[1-9]\d{15}\b", "<id>"),
    (r"\b1[78]\d{11}\b", "<time>"),
    (r"\b1[78]\d{8}\b", "<second>"),
    (r'(actual_time|estimated_time|expected_s|expected_run_s)":[\d.]+', r'\1":"<duration>"'),
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
    """Send the steps one after the other; `$id` and `$job` stand for the last task's own.

    `wait` lets the last task end before the step; `file` is sent as a form.
    """
    task_id = job = ""
    text = ""
    for step in steps:
        path = step["path"].replace("$id", task_id)
        raw = json.dumps(step.get("body"), ensure_ascii=False) if "body" in step else ""
        if step.get("wait") or "$job" in raw:
            job = (await gateway.client.until(task_id))["properties"].get("messageHash", "")
        raw = raw.replace("$id", task_id).replace("$job", job)
        body, headers = raw.encode() if raw else None, step.get("headers")
        if "file" in step:
            one = step["file"]
            body, headers = form(b64decode(one["base64"]), name=one["name"], kind=one["kind"])
        reply = await gateway.client.call(step["method"], path, body, headers=headers)
        text = reply.body.decode()
        task_id = accepted(json.loads(text)) or task_id
    return masked(text)


def accepted(answer: Any) -> str:
    """The id of the task that an answer of either wire names, if it names one."""
    if not isinstance(answer, dict):
        return ""
    data = answer.get("data")
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return str(data[0].get("task_id") or "")
    return str(answer.get("result") or "")


@pytest.mark.parametrize("case", CASES)
async def test_golden_pair(gateway: Gateway, case: str) -> None:
    steps = json.loads((GOLDEN / f"{case}.request.json").read_text())
    answer = GOLDEN / f"{case}.response.json"
    found = await play(gateway, steps)
    if os.environ.get("GOLDEN") == "write":
        answer.write_text(found + "\n")
    assert found + "\n" == answer.read_text()


def test_every_dialect_has_pairs() -> None:
    count = Counter(case.partition("/")[0] for case in CASES)
    assert count["midjourney"] >= 10
    assert count["apimart"] >= 30
