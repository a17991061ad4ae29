"""Cancelling for callers: only their own, from any open state."""

from __future__ import annotations

import pytest

from gesso.domain.errors import NotFound
from gesso.domain.task import TaskStatus
from gesso.services import administer
from gesso.services.attempts import Begin
from gesso.services.cancel import Canceller
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


async def test_only_ones_own_task_can_be_cancelled(small_customer: Customer) -> None:
    house = small_customer.house
    canceller = Canceller(house.writer, house.finder)
    task = (await small_customer.submit()).task
    other = await administer.create_account(house.database, "other")
    stranger = await Customer.of(house, other.id)
    with pytest.raises(NotFound):
        await canceller.cancel(stranger.key, task.id)
    with pytest.raises(NotFound):
        await canceller.cancel(small_customer.key, 1)
    assert (await small_customer.stored(task)).status is TaskStatus.QUEUED
    await house.writer.write(Begin(task.id, task.channel_id))
    for _ in range(2):
        ended = await canceller.cancel(small_customer.key, task.id)
        assert ended.status is TaskStatus.CANCELLED
    assert await small_customer.postings(task) == ["hold", "release"]
