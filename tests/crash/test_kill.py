"""kill -9 at many moments: nothing lost, nothing started twice, every nano-dollar in place."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.client import Client
from tests.conftest import ADMIN, free_port
from tests.crash.processes import GESSO, Process, environment, gesso, running, until_up
from tests.databases import postgres_database
from tests.receiver import Receiver, running_receiver

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

#: Moments of the kill, in seconds after the first submit was answered: before, during and
#: after the upstream call, the polls, the storing, the capture and the callback.
MOMENTS = (0.0, 0.02, 0.06, 0.12, 0.3, 0.6, 0.9, 1.2)


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with running_receiver() as made:
        yield made


class Crash:
    """One gateway with its upstream, and what was promised to its client."""

    def __init__(self, client: Client, upstream: Client, hook: Receiver, channel: str) -> None:
        self.client = client
        self.upstream = upstream
        self.hook = hook
        self.channel = channel
        self.accepted: dict[str, str] = {}

    async def submit(self, name: str, channel: str) -> None:
        body = {
            "prompt": name,
            "notifyHook": self.hook.url,
            "accountFilter": {"instanceId": channel},
        }
        try:
            answer = await self.client.post("/mj/submit/imagine", body)
        except Exception:
            return  # The gateway died before it said yes: nothing was promised.
        if answer["code"] in {1, 22}:
            self.accepted[answer["result"]] = name

    async def submit_many(self, prefix: str, count: int) -> None:
        for number in range(count):
            channel = self.channel if number % 3 else "ch_sandbox"
            await self.submit(f"{prefix} {number}", channel)

    async def all_end(self, limit_s: float) -> None:
        """Every accepted task reaches SUCCESS by itself."""
        async with asyncio.timeout(limit_s):
            for task_id in list(self.accepted):
                task = await self.client.until(task_id, limit_s=limit_s)
                assert task["status"] == "SUCCESS", task
                assert len(task["imageUrls"]) == 4

    async def nothing_twice(self) -> None:
        counts = await self.upstream.get("/counts")
        assert all(count == 1 for count in counts.values()), counts

    def same_ids(self) -> None:
        assert all(len(ids) == 1 for ids in self.hook.ids.values()), self.hook.ids

    async def all_told(self) -> None:
        async with asyncio.timeout(40):
            while True:
                told = {event[0] for event in self.hook.ids if event[1] == "SUCCESS"}
                if told >= set(self.accepted):
                    return
                await asyncio.sleep(0.05)


async def prepare(stack: AsyncExitStack, env: dict[str, str], hook: Receiver) -> Crash:
    port = free_port()
    script = [sys.executable, "-m", "tests.upstream", str(port)]
    stack.enter_context(running(script, env))
    upstream = await stack.enter_async_context(Client(f"http://127.0.0.1:{port}", ""))
    await until_up(upstream, "/counts")
    channel = await asyncio.to_thread(
        gesso, env, "channel", "create", "up", "--provider", "mjproxy", "--core-size", "8",
        "--queue-size", "500", "--base-url", f"http://127.0.0.1:{port}",
    )  # fmt: skip
    base = f"http://127.0.0.1:{env['GESSO_PORT']}"
    client = await stack.enter_async_context(Client(base, ADMIN))
    return Crash(client, upstream, hook, channel)


#: Each moment once, in an order without a rule; both halves can run at the same time.
ORDER = random.Random(1).sample(MOMENTS, len(MOMENTS))


@pytest.mark.parametrize("moments", [ORDER[:4], ORDER[4:]], ids=["first", "second"])
async def test_sqlite_process_is_killed_again_and_again(
    tmp_path: Path, hook: Receiver, moments: Sequence[float]
) -> None:
    env = environment(tmp_path, free_port(), "", ADMIN)
    async with AsyncExitStack() as stack:
        crash = await prepare(stack, env, hook)
        for number, moment in enumerate(moments):
            process = Process([*GESSO, "serve"], env)
            stack.callback(process.kill)
            await until_up(crash.client)
            sending = asyncio.create_task(crash.submit_many(f"round {number}", 9))
            await asyncio.sleep(moment)  # The point is to kill at this moment, whatever runs.
            process.kill()
            await sending
        process = Process([*GESSO, "serve"], env)
        stack.callback(process.kill)
        await until_up(crash.client)
        # However little a slow machine accepted before its deaths, these come through.
        await crash.submit_many("after", 9)
        assert len(crash.accepted) >= 9
        await crash.all_end(60)
        await crash.all_told()
        await crash.nothing_twice()
        crash.same_ids()
        assert "drift $0.00" in await asyncio.to_thread(gesso, env, "ledger", "check")


async def test_one_of_two_postgres_workers_is_killed(
    tmp_path: Path, hook: Receiver, postgres: str
) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres_database(postgres))
        env = environment(tmp_path, free_port(), url, ADMIN)
        api_env = env | {"GESSO_WORKER_INSIDE": "0"}
        crash = await prepare(stack, env, hook)
        stack.enter_context(running([*GESSO, "serve"], api_env))
        stack.enter_context(running([*GESSO, "worker"], env))
        await until_up(crash.client)
        for number, moment in enumerate((0.05, 0.4, 1.0)):
            victim = Process([*GESSO, "worker"], env)
            stack.callback(victim.kill)
            await crash.submit_many(f"before {number}", 12)
            await asyncio.sleep(2.0 + moment)  # Time for the victim to take its share.
            await crash.submit_many(f"during {number}", 12)
            victim.kill()
            killed = time.monotonic()
            await crash.all_end(30)
            assert time.monotonic() - killed < 15
        await crash.all_told()
        await crash.nothing_twice()
        crash.same_ids()
        assert "drift $0.00" in await asyncio.to_thread(gesso, env, "ledger", "check")
