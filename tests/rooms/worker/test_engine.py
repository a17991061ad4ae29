"""The engine: limits per channel are kept, faults of ours are retried, stopping hands back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import pytest

from gesso.domain.channel import Channel
from gesso.domain.order import Selection
from gesso.services import administer
from gesso.services.breaker import Breaker
from gesso.services.pause import Gate
from gesso.services.settle import Cancel
from gesso.services.step import Again, Stepper
from gesso.worker import engine as engine_room
from gesso.worker.engine import Engine
from tests.rooms.customer import Customer, order

pytestmark = pytest.mark.anyio


class Steps:
    """Stands where the stepper stands and holds every task until the test lets it go."""

    def __init__(self) -> None:
        self.running: set[int] = set()
        self.most = 0
        self.seen: list[int] = []
        self.cancelled: list[int] = []
        self.gate = asyncio.Event()
        self.answers: list[Again | Exception | None] = []

    async def run(self, task_id: int, channel_id: str | None) -> Again | None:
        self.seen.append(task_id)
        self.running.add(task_id)
        self.most = max(self.most, len(self.running))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(task_id)
            raise
        finally:
            self.running.discard(task_id)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def working(customer: Customer, steps: Steps) -> AsyncIterator[Engine]:
    house = customer.house
    breaker = Breaker(house.database, house.catalogue)
    engine = Engine(
        await house.jobs.open_worker(), cast(Stepper, steps), house.catalogue,
        gate=Gate(house.catalogue, house.reader, house.writer, breaker),
        heartbeat_s=6, most_tasks=64,
    )  # fmt: skip
    running = asyncio.create_task(engine.run())
    try:
        yield engine
    finally:
        engine.stop()
        await asyncio.wait({running}, timeout=10)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not happened():
            await asyncio.sleep(0.005)


async def test_a_channel_runs_so_many_at_once(small_customer: Customer) -> None:
    steps = Steps()
    async with working(small_customer, steps):
        for _ in range(6):
            await small_customer.submit()
        await until(lambda: len(steps.running) == 3)
        steps.gate.set()
        await until(lambda: len(steps.seen) == 6)
        assert steps.most == 3


async def test_a_new_channel_is_taken_up(
    small_customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_room, "_REGISTER_S", 0.01)
    steps, house = Steps(), small_customer.house
    steps.gate.set()
    async with working(small_customer, steps):
        channel = Channel("ch_new", "new", "mjproxy", base_url="http://x")
        await administer.create_channel(house.database, channel)
        await house.catalogue.refresh()
        task = (await small_customer.submit(order(selection=Selection(channel_id="ch_new")))).task
        await until(lambda: steps.seen == [task.id])


async def test_what_is_not_done_comes_back(small_customer: Customer) -> None:
    steps = Steps()
    steps.gate.set()
    steps.answers = [Again(timedelta(0)), None]
    async with working(small_customer, steps):
        task = (await small_customer.submit()).task
        await until(lambda: steps.seen == [task.id] * 2)


async def test_a_fault_of_ours_is_tried_again(
    small_customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_room, "delay_s", lambda *_, **__: 0.0)
    steps = Steps()
    steps.gate.set()
    steps.answers = [OSError("disk full"), None]
    async with working(small_customer, steps):
        task = (await small_customer.submit()).task
        await until(lambda: steps.seen == [task.id] * 2)


async def test_a_cancelled_task_is_stopped_and_does_not_come_back(
    small_customer: Customer,
) -> None:
    steps = Steps()
    async with working(small_customer, steps):
        task = (await small_customer.submit()).task
        await until(lambda: task.id in steps.running)
        await small_customer.house.writer.write(Cancel(task))
        await until(lambda: steps.cancelled == [task.id])
        other = (await small_customer.submit()).task
        await until(lambda: other.id in steps.running)
        assert steps.seen == [task.id, other.id]


async def test_stopping_hands_back_what_runs(small_customer: Customer) -> None:
    steps = Steps()
    async with working(small_customer, steps):
        task = (await small_customer.submit()).task
        await until(lambda: task.id in steps.running)
    assert steps.cancelled == [task.id]
    assert not (await small_customer.stored(task)).is_final
    pgq = await small_customer.house.jobs.open_worker()
    (job,) = await pgq.qm.queries.queue_size()
    assert (job.count, job.status) == (1, "queued")
