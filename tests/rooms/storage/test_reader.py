"""Group read: many questions of one moment, one statement, right answers for all."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event

from gesso.storage.database import open_database
from gesso.storage.reader import Reader
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


async def test_many_questions_are_one_statement(small_customer: Customer) -> None:
    made = [(await small_customer.submit()).task for _ in range(3)]
    house = small_customer.house
    statements: list[str] = []

    def note(*values: object) -> None:
        statements.append(str(values[2]))

    event.listen(house.database.reader.sync_engine, "before_cursor_execute", note)
    wanted = [t.id for t in made] * 20 + [1, 2]
    found = await asyncio.gather(*(house.reader.find(i) for i in wanted))
    assert [t.id for t in found if t] == [t.id for t in made] * 20
    assert found[-2:] == [None, None]
    assert len(statements) <= 2


async def test_who_gives_up_does_not_disturb(small_customer: Customer) -> None:
    task = (await small_customer.submit()).task
    reader = small_customer.house.reader
    impatient = asyncio.create_task(reader.find(task.id))
    patient = asyncio.create_task(reader.find(task.id))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == await reader.find(task.id)


async def test_a_broken_database_is_told_to_all(tmp_path: object) -> None:
    database = open_database("postgresql://nobody@127.0.0.1:9/none", tmp_path)  # type: ignore[arg-type]
    reader = Reader(database)
    found = await asyncio.gather(reader.find(1), reader.find(2), return_exceptions=True)
    assert all(isinstance(one, OSError) for one in found)
    await database.close()
