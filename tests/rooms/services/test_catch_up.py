"""Who comes back gets every snapshot that was committed since, whoever kept them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gesso.app import House
from gesso.domain.task import Task
from gesso.services import catch_up
from gesso.services.administer import FIRST_CHANNEL
from gesso.services.attempts import Accept, Advance, Begin
from gesso.services.bookmark import Bookmarker
from gesso.services.catch_up import CatchUp, Keep
from gesso.services.settle import Cancel
from gesso.storage.database import open_database
from gesso.storage.writer import Writer
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


def catcher(house: House) -> CatchUp:
    return CatchUp(house.database, house.writer)


async def running(customer: Customer) -> Task:
    writer = customer.house.writer
    begun = await writer.write(Begin((await customer.submit()).task.id, FIRST_CHANNEL))
    assert begun is not None
    assert begun.attempt is not None
    accepted = await writer.write(Accept(begun.attempt, "up-1"))
    assert accepted is not None
    return accepted.task


async def test_a_mark_is_no_change_to_tell_of(customer: Customer) -> None:
    task = (await customer.submit()).task
    marked = await catcher(customer.house).keep(task)
    assert (marked.watched, marked.version) == (True, task.version)
    assert await customer.stored(task) == marked
    assert await customer.house.writer.write(Keep(task.id)) == marked
    await customer.house.writer.write(Cancel(task))
    ended = await customer.stored(task)
    assert await catcher(customer.house).missed(ended, marked.version) == ()


async def test_a_task_that_has_ended_is_not_marked(customer: Customer) -> None:
    task = (await customer.submit()).task
    ended = await customer.house.writer.write(Cancel(task))
    # Read before it ended: the answer is how it stands.
    assert await catcher(customer.house).keep(task) == ended
    assert await catcher(customer.house).keep(ended) == ended
    assert not (await customer.stored(task)).watched


async def test_no_change_falls_between_the_mark_and_the_first_snapshot(customer: Customer) -> None:
    task = await running(customer)
    writer, catching = customer.house.writer, catcher(customer.house)

    halfway = asyncio.Event()

    async def go_on() -> list[Task]:
        stages = []
        for percent in range(30):
            stages.append(await writer.write(Advance(task.id, percent, f"{percent}.png")))
            if percent == 15:
                halfway.set()
        return stages

    async def join_late() -> Task:
        await halfway.wait()
        return await catching.keep(task)

    stages, *firsts = await asyncio.gather(go_on(), catching.keep(task), join_late())
    for first in firsts:
        later = [one for one in stages if one.version > first.version]
        assert await catching.missed(stages[-1], first.version) == [
            replace(one, watched=True) for one in later[:-1]
        ]
    assert firsts[0].version < firsts[1].version < stages[-1].version


async def test_another_process_and_a_later_one_find_the_same(
    customer: Customer, database_url: str, tmp_path: Path
) -> None:
    house, task = customer.house, await running(customer)
    first = await catcher(house).keep(task)
    stages = [await house.writer.write(Advance(task.id, n, None)) for n in (10, 20, 30)]
    ended = await house.writer.write(Cancel(task))
    other = open_database(database_url, tmp_path)
    catching = CatchUp(other, Writer(other, house.jobs))
    assert await catching.missed(ended, first.version) == stages
    assert await catching.missed(stages[-1], stages[0].version) == [stages[1]]
    assert await catching.missed(ended, None) == await catching.missed(ended, 10**8) == ()
    await other.close()


async def test_changes_that_raise_no_version_are_not_told(customer: Customer) -> None:
    house, task = customer.house, await running(customer)
    first = await catcher(house).keep(task)
    turned = await Bookmarker(house.writer).turn(task)
    ended = await house.writer.write(Cancel(task))
    assert await catcher(house).missed(ended, first.version - 1) == [turned]


async def test_the_newest_of_too_many_are_told(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "MOST", 3)
    house, task = customer.house, await running(customer)
    first = await catcher(house).keep(task)
    stages = [await house.writer.write(Advance(task.id, n, None)) for n in range(6)]
    assert await catcher(house).missed(stages[-1], first.version) == stages[2:5]
