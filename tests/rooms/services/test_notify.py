"""Callbacks are queued with the change that they tell of, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesso.domain.errors import IllegalMove
from gesso.domain.task import TaskStatus
from gesso.kit import clock
from gesso.services.settle import Cancel, Fail
from gesso.storage import outbox
from tests.rooms.customer import Customer, order

pytestmark = pytest.mark.anyio


async def due(customer: Customer) -> list[outbox.Callback]:
    async with customer.house.database.transaction() as connection:
        later = clock.now() + timedelta(seconds=1)
        return await outbox.claim_due(connection, later, quota=outbox.Quota(9, 9, 9), lease_s=0)


async def test_one_callback_for_one_end(customer: Customer) -> None:
    task = (await customer.submit(order(notify_hook="http://hook/"))).task
    await customer.house.writer.write(Fail(task, "refused", "no"))
    await customer.house.writer.write(Fail(task, "refused", "again"))
    with pytest.raises(IllegalMove):
        await customer.house.writer.write(Cancel(task))
    (told,) = await due(customer)
    assert (told.url, told.final) == ("http://hook/", True)
    assert (told.task.status, told.task.fail_reason) == (TaskStatus.FAILED, "no")
    assert told.id == outbox.callback_id(await customer.stored(task))


async def test_nobody_asked_nobody_told(small_customer: Customer) -> None:
    task = (await small_customer.submit()).task
    await small_customer.house.writer.write(Cancel(task))
    assert await due(small_customer) == []
