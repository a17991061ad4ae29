"""Upstreams that fail in every way: started once at most, ended always, charged honestly."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.ledger import audit
from gesso.services import administer
from gesso.storage import ledger_entries
from tests.conftest import running_gateway
from tests.upstream import Script, Upstream, cut_png, running_upstream

pytestmark = pytest.mark.anyio

NO = "http://127.0.0.1:9"  #: Nobody listens on the discard port.


class Scene:
    """A gateway with one channel to one upstream."""

    def __init__(self, stack: AsyncExitStack, upstream: Upstream, url: str, place: Path) -> None:
        self.upstream = upstream
        self._stack = stack
        self._url = url
        self._place = place

    async def open(self, base_url: str = "", **settings: Any) -> None:
        """Start the gateway with this channel."""
        channel = Channel(
            "ch_up", "up", "mjproxy", base_url=base_url or self.upstream.url, **settings
        )
        # A channel that rests ends its tasks at once: outages have tests of their own.
        quick = {"upstream_poll_s": 0.02, "upstream_retry_s": 0.01, "outage_wait_s": 0}
        self.gateway = await self._stack.enter_async_context(
            running_gateway(self._url, self._place, channels=[channel], **quick)
        )
        self.before = await self.balance()

    async def balance(self) -> int:
        (account,) = await administer.list_accounts(self.gateway.house.database)
        assert account.held_nanos >= 0
        return account.available_nanos

    async def submit(self, prompt: str = "a boat") -> str:
        return await self.gateway.client.imagine(prompt, accountFilter={"instanceId": "ch_up"})

    async def end(self, prompt: str = "a boat") -> Any:
        return await self.gateway.client.until(await self.submit(prompt))

    async def paid(self) -> int:
        """What was taken in all, once the books are proven."""
        async with self.gateway.house.database.snapshot() as connection:
            report = await audit.check(connection)
            sums = await ledger_entries.sums(connection)
        assert report.findings == ()
        assert report.held_nanos == 0
        taken = sums.get("gesso/revenue", 0)
        assert self.before - await self.balance() == taken
        return taken


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(running_upstream())
        yield Scene(stack, upstream, database_url, tmp_path)


async def test_takes_and_delivers(scene: Scene) -> None:
    await scene.open()
    task = await scene.end()
    assert task["status"] == "SUCCESS"
    assert len(task["imageUrls"]) == 4
    assert scene.upstream.started == {"a boat": 1}
    assert await scene.paid() > 0


@pytest.mark.parametrize(
    "refusal",
    [
        (200, {"code": 23, "description": "队列已满，请稍后尝试"}),
        (500, b"<html>oops</html>"),
        (429, {"error": "slow down"}),
        (200, b"<html>a login page</html>"),
    ],
    ids=["busy", "error", "too-many", "garbage"],
)
async def test_not_taken_at_first(scene: Scene, refusal: tuple[int, Any]) -> None:
    scene.upstream.script.answers = deque([refusal])
    await scene.open()
    task = await scene.end()
    assert task["status"] == "SUCCESS"
    assert len(scene.upstream.heard) == 2
    assert scene.upstream.started == {"a boat": 1}
    assert await scene.paid() > 0


async def test_busy_for_ever(scene: Scene) -> None:
    scene.upstream.script.answers = deque([(200, {"code": 23, "description": "队列已满"})] * 99)
    await scene.open()
    task = await scene.end()
    assert task["status"] == "FAILURE"
    assert "队列已满" in task["failReason"]
    assert await scene.paid() == 0


@pytest.mark.parametrize(("code", "reason"), [(24, "可能包含敏感词"), (4, "prompt不能为空")])
async def test_refused_for_good(scene: Scene, code: int, reason: str) -> None:
    scene.upstream.script.answers = deque([(200, {"code": code, "description": reason})] * 2)
    await scene.open()
    task = await scene.end()
    assert task["status"] == "FAILURE"
    assert reason in task["failReason"]
    assert len(scene.upstream.heard) == 1
    assert await scene.paid() == 0


@pytest.mark.parametrize("loss", ["drop", "502"])
async def test_taken_but_the_answer_is_lost(scene: Scene, loss: str) -> None:
    scene.upstream.script.losses = deque([loss])
    await scene.open()
    task = await scene.end()
    assert task["status"] == "SUCCESS"
    assert scene.upstream.started == {"a boat": 1}
    assert len(scene.upstream.heard) == 1
    assert await scene.paid() > 0


async def test_a_look_answers_garbage_for_a_while(scene: Scene) -> None:
    scene.upstream.script.garbage_polls = 3
    await scene.open()
    assert (await scene.end())["status"] == "SUCCESS"
    assert await scene.paid() > 0


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((200, cut_png()), "broken picture"),
        ((200, b"hello"), "broken picture"),
        ((404, b""), "404"),
    ],
    ids=["cut", "text", "missing"],
)
async def test_broken_pictures(scene: Scene, answer: tuple[int, bytes], word: str) -> None:
    scene.upstream.script.pictures = deque([answer] * 99)
    await scene.open()
    task = await scene.end()
    assert task["status"] == "FAILURE"
    assert word in task["failReason"]
    assert scene.upstream.started == {"a boat": 1}
    assert await scene.paid() == 0


async def test_a_picture_that_comes_late(scene: Scene) -> None:
    scene.upstream.script.pictures = deque([(404, b""), (503, b"")])
    await scene.open()
    assert (await scene.end())["status"] == "SUCCESS"
    assert await scene.paid() > 0


async def test_the_upstream_fails(scene: Scene) -> None:
    scene.upstream.script = Script(fails="Banned prompt detected")
    await scene.open()
    task = await scene.end()
    assert (task["status"], task["failReason"]) == ("FAILURE", "Banned prompt detected")
    assert await scene.paid() == 0


async def test_stuck_without_progress(scene: Scene) -> None:
    scene.upstream.script = Script(stuck=True)
    await scene.open(timeout_s=1)
    task = await scene.end()
    assert (task["status"], task["failReason"]) == ("FAILURE", "任务超时")
    assert scene.upstream.cancelled == list(scene.upstream.jobs)
    assert await scene.paid() == 0


async def test_a_cancel_is_told(scene: Scene) -> None:
    scene.upstream.script = Script(stuck=True)
    await scene.open()
    task_id = await scene.submit()
    await scene.gateway.client.until(task_id, {"SUBMITTED", "IN_PROGRESS"})
    await scene.gateway.client.post(f"/mj/task/{task_id}/cancel")
    async with asyncio.timeout(10):
        await scene.upstream.told.wait()
    assert (await scene.gateway.client.until(task_id))["status"] == "CANCEL"
    assert scene.upstream.cancelled == list(scene.upstream.jobs)
    assert await scene.paid() == 0


async def test_nobody_is_there(scene: Scene) -> None:
    await scene.open(NO)
    task = await scene.end()
    assert task["status"] == "FAILURE"
    assert "connect" in task["failReason"]
    assert await scene.paid() == 0


async def test_a_provider_with_a_bug_ends_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.open()
    provider = scene.gateway.house.catalogue.providers["mjproxy"]

    async def burst(*_: object) -> None:
        raise OSError("Truncated File Read")

    monkeypatch.setattr(provider, "poll", burst)
    task = await scene.end()
    assert task["status"] == "FAILURE"
    assert "Truncated File Read" in task["failReason"]
    assert scene.upstream.cancelled == list(scene.upstream.jobs)
    assert await scene.paid() == 0


async def test_a_follow_up_presses_the_upstreams_own_button(scene: Scene) -> None:
    theirs = "MJ::JOB::upsample::2::99999999-2222-3333-4444-555555555555"
    scene.upstream.script.buttons = [theirs]
    await scene.open()
    grid = await scene.end()
    ours = next(b["customId"] for b in grid["buttons"] if b["label"] == "U2")
    pressed = {"taskId": grid["id"], "customId": ours}
    answer = await scene.gateway.client.post("/mj/submit/action", pressed)
    single = await scene.gateway.client.until(answer["result"])
    assert single["status"] == "SUCCESS"
    path, body, _ = scene.upstream.heard[-1]
    assert path == "/mj/submit/action"
    assert (body["taskId"], body["customId"]) == ("1000", theirs)
    assert await scene.paid() > 0
