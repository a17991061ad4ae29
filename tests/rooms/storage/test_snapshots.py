"""Snapshots of watched tasks: read back whole and in order, bounded, and dropped by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from gesso.app import House
from gesso.domain.task import Picture, Task, TaskStatus
from gesso.kit import clock
from gesso.storage import snapshots
from gesso.storage.schema import task_snapshots
from tests.rooms.customer import Customer
from tests.rooms.providers.mjproxy.jobs import task

pytestmark = pytest.mark.anyio
NOW = clock.now()


def life() -> list[Task]:
    """A task from its submit to its end, with everything that can change."""
    submitted = task(status=TaskStatus.QUEUED, prompt="词 \x01", order={"seed": 1}, watched=True)
    begun = submitted.move(TaskStatus.SUBMITTING, now=NOW, queue_job_id=7)
    running = begun.move(TaskStatus.RUNNING, now=NOW, final_prompt="other", order={"seed": 2})
    halfway = running.advance(50, now=NOW, preview_blob="p.png")
    picture = Picture(0, "a.png", "image/png", 8, 8, 9)
    done = halfway.move(
        TaskStatus.SUCCEEDED, now=NOW, pictures=(picture,), result={"seed": None}, charged_nanos=3
    )
    return [submitted, begun, running, halfway, done]


async def keep(house: House, stages: Sequence[Task]) -> None:
    async with house.database.transaction() as connection:
        await snapshots.insert_all(connection, list(pairwise(stages)), NOW)


async def find(house: House, after: int, now: Task, limit: int = 99) -> list[Task]:
    async with house.database.reading() as connection:
        return await snapshots.find_between(connection, after, now, limit=limit)


async def test_every_stage_is_read_back_as_it_was(house: House) -> None:
    stages = life()
    await keep(house, stages)
    assert await find(house, -1, stages[-1]) == stages[:-1]
    assert await find(house, 1, stages[-1]) == stages[2:-1]
    assert await find(house, 0, stages[2]) == [stages[1]]
    assert await find(house, 3, stages[-1]) == await find(house, 9, stages[-1]) == []
    assert await find(house, -1, replace(stages[-1], id=5)) == []


async def test_of_too_many_the_newest_are_read(house: House) -> None:
    stages = life()
    await keep(house, stages)
    assert await find(house, -1, stages[-1], limit=2) == stages[2:-1]


async def test_nothing_is_told_from_before_a_gap(house: House) -> None:
    stages = life()
    await keep(house, stages[:2])
    await keep(house, stages[2:])
    assert await find(house, -1, stages[-1]) == stages[2:-1]


async def test_a_step_of_progress_takes_little_room(house: House) -> None:
    long = replace(life()[2], prompt="词" * 8000, order={"prompt": "词" * 8000})
    await keep(house, [long, long.advance(7, now=NOW + timedelta(seconds=1))])
    async with house.database.reading() as connection:
        size = await connection.scalar(select(func.length(task_snapshots.c.body)))
    assert size is not None
    assert size < 100


async def test_what_is_kept_already_stays(house: House) -> None:
    stages = life()
    await keep(house, stages)
    await keep(house, [replace(one, prompt="new") for one in stages])
    assert await find(house, -1, stages[-1]) == stages[:-1]


async def test_old_ones_are_dropped_in_parts(customer: Customer) -> None:
    house, stages = customer.house, life()
    later = NOW + timedelta(hours=1)
    async with house.database.transaction() as connection:
        for number, pair in enumerate(pairwise(stages)):
            age = timedelta(milliseconds=number)
            await snapshots.insert_all(connection, [pair], NOW + age)
        assert await snapshots.drop_before(connection, NOW, limit=2) == 0
        assert await snapshots.drop_before(connection, later, limit=3) == 3
        assert await snapshots.find_between(connection, -1, stages[-1], limit=9) == [stages[3]]
        assert await snapshots.drop_before(connection, later, limit=3) == 1
        assert await snapshots.drop_before(connection, later, limit=3) == 0
