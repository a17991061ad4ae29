"""Queues are counted now and then, and what happens between is added up."""

from __future__ import annotations

import pytest

from gesso.app import House
from gesso.domain.channel import Load
from gesso.domain.task import TaskStatus
from gesso.storage import standing, tasks
from gesso.storage.standing import Standing
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


async def test_counts_follow_every_change_of_this_writer(customer: Customer) -> None:
    house = customer.house
    known = Standing()
    async with house.database.transaction() as connection:
        assert await known.load(connection, "ch_sandbox", 100) == Load(0, 0)
    known.committed([(None, ("ch_sandbox", TaskStatus.QUEUED))] * 3, {})
    known.committed(
        [
            (("ch_sandbox", TaskStatus.QUEUED), ("ch_sandbox", TaskStatus.SUBMITTING)),
            (("ch_sandbox", TaskStatus.QUEUED), ("elsewhere", TaskStatus.QUEUED)),
            (None, ("ch_sandbox", TaskStatus.NEEDS_INPUT)),
        ],
        {},
    )
    async with house.database.transaction() as connection:
        assert await known.load(connection, "ch_sandbox", 100) == Load(1, 1)
    known.forget()
    async with house.database.transaction() as connection:
        assert await known.load(connection, "ch_sandbox", 100) == Load(0, 0)


async def test_what_is_old_is_looked_at_again(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Standing()
    database = customer.house.database
    async with database.transaction() as connection:
        await known.load(connection, "ch_sandbox", 100)
    await customer.submit()
    monkeypatch.setattr(standing, "_ALONE_S", 0.0)
    monkeypatch.setattr(standing, "_BESIDE_S", 0.0)
    async with database.transaction() as connection:
        found = await known.load(connection, "ch_sandbox", 100)
        assert found == await tasks.count_load(connection, "ch_sandbox", most=100)
        assert found.waiting + found.running == 1


async def test_a_turn_is_remembered_until_it_is_looked_up_again(small_house: House) -> None:
    known = Standing()
    async with small_house.database.transaction() as connection:
        assert await known.turn(connection, "ch", "fast", "acc") == (None, 0)
    known.committed([], {("ch", "fast", "acc"): (7, 2), ("ch", "fast", "other"): (1, 1)})
    async with small_house.database.transaction() as connection:
        assert await known.turn(connection, "ch", "fast", "acc") == (7, 2)
        assert await known.turn(connection, "ch", "fast", "other") == (None, 0)
