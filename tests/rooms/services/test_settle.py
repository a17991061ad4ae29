"""The ends of a task: each takes or gives back money exactly once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gesso.domain.attempt import AttemptState
from gesso.domain.errors import IllegalMove, NotFound
from gesso.domain.task import Picture, TaskStatus
from gesso.services.attempts import Accept, Begin, Begun
from gesso.services.settle import Cancel, Fail, Succeed
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio
PICTURES = tuple(Picture(n, f"blob{n}", "image/png", 8, 8, 99) for n in range(5))
DAY = timedelta(days=1)


async def running(customer: Customer) -> Begun:
    task = (await customer.submit()).task
    begun = await customer.house.writer.write(Begin(task.id, task.channel_id))
    assert begun is not None
    assert begun.attempt is not None
    accepted = await customer.house.writer.write(Accept(begun.attempt, "up-1"))
    assert accepted is not None
    return accepted


async def test_every_end_at_once_happens_once(customer: Customer) -> None:
    task = (await running(customer)).task
    write = customer.house.writer.write
    ends = (
        Succeed(task, PICTURES, {"seed": 7}, DAY, 4, 4),
        Fail(task, "timeout", "任务超时"),
        Succeed(task, PICTURES, {}, DAY, 4, 4),
    )
    await asyncio.gather(*(write(end) for end in ends))
    with pytest.raises(IllegalMove):
        await write(Cancel(task))
    stored = await customer.stored(task)
    assert (stored.status, stored.charged_nanos) == (TaskStatus.SUCCEEDED, task.price_nanos)
    assert stored.result == {"seed": 7}
    assert await customer.postings(task) == ["hold", "capture"]


@pytest.mark.parametrize(("delivered", "share"), [(3, 3), (1, 1), (0, 0)])
async def test_a_part_costs_a_part(small_customer: Customer, delivered: int, share: int) -> None:
    task = (await running(small_customer)).task
    end = Succeed(task, PICTURES[: delivered + 1], {}, DAY, delivered, 4)
    done = await small_customer.house.writer.write(end)
    assert done.charged_nanos == task.price_nanos * share // 4
    assert f"{delivered} of 4" in (done.fail_reason or "")
    verbs = ["hold", "capture", "release"] if share else ["hold", "release"]
    assert await small_customer.postings(task) == verbs
    assert await small_customer.spent() == done.charged_nanos


async def test_failing_gives_back_once_and_always_says_why(customer: Customer) -> None:
    before = await customer.account()
    begun = await running(customer)
    failed = await customer.house.writer.write(Fail(begun.task, "refused", ""))
    await customer.house.writer.write(Fail(begun.task, "timeout", "later"))
    assert failed.fail_reason
    assert (await customer.stored(begun.task)).fail_code == "refused"
    assert await customer.account() == before
    assert await customer.postings(begun.task) == ["hold", "release"]
    attempt = await customer.attempt(begun.task)
    assert attempt is not None
    assert attempt.state is AttemptState.FINISHED
    assert attempt.closed_at is not None


async def test_cancelling_twice_is_harmless(customer: Customer) -> None:
    before = await customer.account()
    task = (await customer.submit()).task
    for _ in range(2):
        cancelled = await customer.house.writer.write(Cancel(task))
        assert cancelled.status is TaskStatus.CANCELLED
    assert await customer.account() == before
    assert await customer.postings(task) == ["hold", "release"]


async def test_nothing_to_cancel(small_customer: Customer) -> None:
    task = (await running(small_customer)).task
    await small_customer.house.writer.write(Fail(task, "refused", "no"))
    with pytest.raises(IllegalMove, match="already failed"):
        await small_customer.house.writer.write(Cancel(task))
    unknown = type(task)(**{n: getattr(task, n) for n in task.__slots__} | {"id": 5})
    with pytest.raises(NotFound):
        await small_customer.house.writer.write(Cancel(unknown))
