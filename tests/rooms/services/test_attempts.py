"""The moves between QUEUED and the end: what is stored decides, repeats change nothing."""

from __future__ import annotations

import asyncio

import pytest

from gesso.domain.attempt import AttemptState
from gesso.domain.task import TaskStatus
from gesso.services.administer import FIRST_CHANNEL
from gesso.services.attempts import Accept, Advance, Begin, Begun, SendBack
from gesso.services.settle import Cancel
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


async def begin(customer: Customer, task_id: int) -> Begun:
    begun = await customer.house.writer.write(Begin(task_id, FIRST_CHANNEL))
    assert begun is not None
    return begun


async def test_only_one_worker_opens_an_attempt(customer: Customer) -> None:
    task = (await customer.submit()).task
    begun = await asyncio.gather(*(begin(customer, task.id) for _ in range(4)))
    assert [b.fresh for b in begun].count(True) == 1
    assert {b.attempt.id for b in begun if b.attempt} == {f"{task.id}-1"}
    assert (await customer.stored(task)).status is TaskStatus.SUBMITTING


async def test_sent_back_and_begun_again_in_one_commit(customer: Customer) -> None:
    task = (await customer.submit()).task
    first = (await begin(customer, task.id)).attempt
    assert first is not None
    _, second = await asyncio.gather(
        customer.house.writer.write(SendBack(first, "busy")), begin(customer, task.id)
    )
    assert second.attempt is not None
    assert (second.attempt.number, second.fresh) == (2, True)
    # The first is closed: a late yes to it changes nothing.
    assert await customer.house.writer.write(Accept(first, "late")) is None
    assert (await customer.stored(task)).status is TaskStatus.SUBMITTING
    accepted = await customer.house.writer.write(Accept(second.attempt, "up-2"))
    assert accepted is not None
    assert accepted.task.status is TaskStatus.RUNNING
    assert await customer.postings(task) == ["hold"]


async def test_a_closed_attempt_is_stored_when_the_next_one_opens(customer: Customer) -> None:
    task = (await customer.submit()).task
    first = (await begin(customer, task.id)).attempt
    assert first is not None
    await customer.house.writer.write(SendBack(first, "busy"))
    closed = await customer.attempt(task)
    assert closed is not None
    assert (closed.state, closed.error) == (AttemptState.REFUSED, "busy")
    assert (await begin(customer, task.id)).fresh


async def test_a_task_begins_in_the_turn_of_its_own_channel(small_customer: Customer) -> None:
    write = small_customer.house.writer.write
    task = (await small_customer.submit()).task
    assert await write(Begin(task.id, "ch_before")) is None
    assert (await begin(small_customer, task.id)).fresh
    assert await write(Begin(task.id, "ch_before")) is None


async def test_after_the_end_nothing_moves(small_customer: Customer) -> None:
    write = small_customer.house.writer.write
    task = (await small_customer.submit()).task
    attempt = (await begin(small_customer, task.id)).attempt
    assert attempt is not None
    await write(Cancel(task))
    assert await write(Accept(attempt, "up")) is None
    assert await write(Begin(task.id, task.channel_id)) is None
    assert (await write(SendBack(attempt, "x"))).status is TaskStatus.CANCELLED
    assert (await write(Advance(task.id, 50, None))).status is TaskStatus.CANCELLED
    assert await write(Begin(12345, FIRST_CHANNEL)) is None


async def test_progress_never_goes_back(small_customer: Customer) -> None:
    write = small_customer.house.writer.write
    task = (await small_customer.submit()).task
    attempt = (await begin(small_customer, task.id)).attempt
    assert attempt is not None
    await write(Accept(attempt, "up"))
    assert (await write(Advance(task.id, 62, "blob"))).progress == 62
    after = await write(Advance(task.id, 15, None))
    assert (after.progress, after.preview_blob) == (62, "blob")
    assert (await write(Advance(task.id, 300, None))).progress == 99
