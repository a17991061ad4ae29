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
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.ledger.money import DOLLAR
from gesso.services import administer
from tests.apimart import form
from tests.client import Client
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
    (
        r'(actual_time|estimated_time|expected_s|expected_run_s|expected_wait_s)":'
        r"([\d.]+|null)",
        r'\1":"<duration>"',
    ),
    (r'"(samples|queue_place)":\d+', r'"\1":"<count>"'),
    (r'"channel":\{[^}]*\}', '"channel":"<channel>"'),
    (r"acc_[0-9a-z]+", "<account>"),
)


def masked(text: str) -> str:
    for pattern, word in _MASKS:
        text = re.sub(pattern, word, text)
    return text


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", data_dir, banned_words="gore", sandbox_video_s=0.3) as running:
        narrow = Channel("ch_narrow", "narrow", "sandbox", core_size=1, queue_size=1)
        await administer.create_channel(running.house.database, narrow)
        await running.house.catalogue.refresh()
        yield running


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with opened(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """One gateway for all pairs of a wire whose answers depend on the caller's account alone."""
    async with opened(tmp_path_factory.mktemp("shared")) as running:
        yield running


async def play(client: Client, steps: list[dict[str, Any]]) -> str:
    """Send the steps one after the other; `$id` and `$job` stand for the last task's own.

    `wait` lets the last task end before the step; `file` is sent as a form.
    """
    task_id = job = ""
    text = ""
    for step in steps:
        path = step["path"].replace("$id", task_id)
        raw = json.dumps(step.get("body"), ensure_ascii=False) if "body" in step else ""
        if step.get("wait") or "$job" in raw:
            job = (await client.until(task_id))["properties"].get("messageHash", "")
        raw = raw.replace("$id", task_id).replace("$job", job)
        body, headers = raw.encode() if raw else None, step.get("headers")
        if "file" in step:
            one = step["file"]
            body, headers = form(b64decode(one["base64"]), name=one["name"], kind=one["kind"])
        reply = await client.call(step["method"], path, body, headers=headers)
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


async def check(client: Client, case: str) -> None:
    steps = json.loads((GOLDEN / f"{case}.request.json").read_text())
    answer = GOLDEN / f"{case}.response.json"
    found = await play(client, steps)
    if os.environ.get("GOLDEN") == "write":
        answer.write_text(found + "\n")
    assert found + "\n" == answer.read_text()


@pytest.mark.parametrize("case", [c for c in CASES if c.startswith("midjourney/")])
async def test_midjourney(gateway: Gateway, case: str) -> None:
    await check(gateway.client, case)


@pytest.mark.parametrize("case", [c for c in CASES if c.startswith("apimart/")])
async def test_apimart(shared: Gateway, case: str) -> None:
    async with Client(shared.client.base, await shared.new_account(10 * DOLLAR)) as client:
        await check(client, case)


def test_every_dialect_has_pairs() -> None:
    count = Counter(case.partition("/")[0] for case in CASES)
    assert count["midjourney"] >= 10
    assert count["apimart"] >= 30
