"""The statement as the owner of an account reads it: plus is money they can spend."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesso.ledger import statement
from gesso.services.administer import Adjust
from gesso.services.attempts import Begin
from gesso.services.settle import Cancel, Succeed
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


async def test_signs_and_order(customer: Customer) -> None:
    account, write = customer.key.account_id, customer.house.writer.write
    await write(Adjust(account, -7, "a", "a correction"))
    given_up, done = (await customer.submit()).task, (await customer.submit()).task
    await write(Cancel(given_up))
    await write(Begin(done.id, done.channel_id))
    await write(Succeed(done, (), {}, timedelta(days=1)))
    async with customer.house.database.reading() as connection:
        lines = await statement.lines(connection, account)
        newest = await statement.lines(connection, account, limit=1)
    price = done.price_nanos
    shown = [(line.verb, line.amount_nanos) for line in lines]
    assert shown[:5] == [
        ("capture", 0), ("release", price), ("hold", -price), ("hold", -price), ("adjust", -7),
    ]  # fmt: skip
    assert newest == lines[:1]
    assert lines[4].note == "a correction"
    assert sum(amount for _, amount in shown) == (await customer.account()).available_nanos
