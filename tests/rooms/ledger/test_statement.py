"""The statement as the owner of an account reads it: plus is money they can spend."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from gesso.ledger import statement
from gesso.services.administer import Adjust
from gesso.services.attempts import Begin
from gesso.services.settle import Cancel, Succeed
from gesso.storage import ledger_entries
from gesso.storage.schema import ledger_entries as table
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


async def test_a_receipt_is_every_posting_of_its_task(customer: Customer) -> None:
    write = customer.house.writer.write
    done, other = (await customer.submit()).task, (await customer.submit()).task
    await write(Begin(done.id, done.channel_id))
    await write(Succeed(done, (), {}, timedelta(days=1)))
    await write(Cancel(other))
    for task in (done, other):
        async with customer.house.database.reading() as connection:
            receipt = await statement.of_task(connection, task.id)
            posted = (
                await connection.execute(
                    select(table.c.verb).where(table.c.task_id == task.id).order_by(table.c.id)
                )
            ).scalars()
            assert [line.verb for line in receipt] == list(posted) != []


async def test_the_postings_of_a_task_are_looked_up(customer: Customer) -> None:
    if customer.house.database.distributed:
        pytest.skip("PostgreSQL reads a table of few rows whole")
    query = select(table).where(ledger_entries.of_task(4711)).order_by(table.c.id)
    words = query.compile(compile_kwargs={"literal_binds": True})
    async with customer.house.database.reading() as connection:
        plan = await connection.execute(text(f"EXPLAIN QUERY PLAN {words}"))
        assert any("SEARCH ledger_entries USING INDEX" in row[-1] for row in plan)
