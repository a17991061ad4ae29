"""The unit of work: what an operation did before it failed is gone, neighbours stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from gesso.domain.actor import Actor, ActorKind
from gesso.domain.attempt import Attempt, AttemptState
from gesso.domain.call import Call
from gesso.domain.caller import Account
from gesso.domain.channel import Load
from gesso.domain.task import TaskStatus
from gesso.kit import clock
from gesso.ledger import book
from gesso.services.attempts import Begin
from gesso.services.catch_up import CatchUp, Keep
from gesso.services.settle import Cancel
from gesso.storage import calls
from gesso.storage.audit import Record
from gesso.storage.database import Database
from gesso.storage.jobs import EmbeddedJobs
from gesso.storage.needs import Needs, merged
from gesso.storage.replays import Replay
from gesso.storage.standing import Standing
from gesso.storage.unit import Unit
from gesso.storage.writer import Operation
from tests.rooms.customer import Customer
from tests.rooms.providers.mjproxy.jobs import task

NOW = clock.now()


def unit() -> Unit:
    return Unit(NOW, accounts={"acc": Account("acc", "a", 100, 0)}, loads={"ch_up": Load(1, 1)})


def test_undo_takes_everything_back() -> None:
    made, one = unit(), replace(task(), price_nanos=40)
    first = made.mark()
    book.hold(made, one)
    kept = dict(made.accounts)
    second = made.mark()
    made.add_task(one)
    made.add_attempt(Attempt("a-1", one.id, 1, "ch_up", AttemptState.OPENED, NOW))
    made.remember(Replay("key", "k", b"", one.id))
    made.use_blob("blob", one.id, NOW)
    made.enqueue(one)
    made.cancel_job(one)
    book.release(made, one)
    made.undo(second)
    assert made.accounts == kept
    assert (made.tasks, made.attempts, made.replays) == ({}, {}, {})
    assert made.loads["ch_up"] == Load(1, 1)
    assert len(made._entries) == 1
    assert (made._uses, made._waiting, made._cancelled) == ({}, {}, {})
    assert first == 0


def test_what_is_enqueued_is_counted_at_once() -> None:
    made, one = unit(), task()
    made.add_task(one)
    made.enqueue(one)
    assert made.loads["ch_up"].waiting == 2
    made.enqueue(replace(one, id=2, channel_id="elsewhere"))
    assert made.loads == {"ch_up": Load(2, 1)}


def test_open_tasks_are_counted_only_where_somebody_asked() -> None:
    made = unit()
    made.count_open("key")
    assert made.open_of_key == {}
    made.open_of_key["key"] = 3
    made.count_open("key")
    assert made.open_of_key == {"key": 4}


@pytest.mark.anyio
async def test_two_attempts_of_a_task_are_stored_by_one_unit(small_customer: Customer) -> None:
    house = small_customer.house
    one = (await small_customer.submit()).task
    first = Attempt(f"{one.id}-1", one.id, 1, "ch_sandbox", AttemptState.OPENED, NOW)
    closed = replace(first, state=AttemptState.REFUSED, closed_at=NOW + timedelta(seconds=1))
    second = replace(first, id=f"{one.id}-2", number=2)
    await _store(house.database, lambda u: u.add_attempt(first))

    def close_and_open(unit: Unit) -> None:
        unit.save_attempt(closed)
        unit.add_attempt(second)

    made = await _store(house.database, close_and_open)
    assert made.attempts[one.id] == second
    found = await small_customer.attempt(one)
    assert found is not None
    assert found.number == 2


def test_undo_takes_counts_and_what_goes_along_back() -> None:
    window, other = ("key", "tokens", 0), ("key", "day", 0)
    call = Call("call_1", "acc", "key", "e", "m", "openai@m", 0, NOW, NOW)
    made = Unit(NOW, meters={window: 3, other: 5}, open_calls={"acc": 1})
    made.count(window, 4)
    made.record(Record(Actor(ActorKind.KEY, "admin"), "first", "key"))
    mark = made.mark()
    made.recount([(window, 7), (other, 5)], [(window, 9), (other, 6)])
    made.count(window, 1)
    made.count_call(call, 1)
    made.record(Record(Actor(ActorKind.KEY, "admin"), "second", "key"))
    assert (made.meters, made.open_calls["key"]) == ({window: 10, other: 6}, 1)
    made.undo(mark)
    assert made.meters == {window: 7, other: 5}
    assert (made.open_calls["acc"], made.open_calls.get("key", 0)) == (1, 0)
    assert [one.action for one in made._records.values()] == ["first"]


def test_what_an_ending_call_needs_is_its_own_beside_the_rest() -> None:
    call = Call("call_1", "acc", "key", "e", "m", "openai@m", 0, NOW, NOW)
    needs = Needs(accounts=("acc",), meters=(("key", "day", 0),), open_calls=("acc",))
    assert needs.with_own(call) == needs._replace(own_calls=(call,))
    assert type(needs.with_own(call)) is Needs


def test_what_several_need_is_read_once_and_what_nobody_needs_never() -> None:
    accounts, day, month = ("acc",), (("key", "day", 0),), (("key", "month", 0),)
    begins = Needs(accounts=accounts, meters=day, open_calls=accounts)
    ends, other = Needs(accounts=accounts, meters=day), Needs(meters=month, tasks=(7,))

    def names(*needs: Needs) -> dict[str, list[object]]:
        return {name: list(rows) for name, rows in merged(needs).items()}

    alone = {"accounts": ["acc"], "meters": [*day], "open_calls": ["acc"]}
    assert names(begins) == names(begins, begins) == names(begins, ends) == alone
    assert names(ends, other) == {"tasks": [7], "accounts": ["acc"], "meters": [*day, *month]}
    everything = {**alone, "tasks": [7], "meters": [*day, *month]}
    assert names(begins, ends, other, ends) == everything


@pytest.mark.anyio
async def test_a_call_that_was_undone_is_not_stored(small_customer: Customer) -> None:
    key = small_customer.key
    undone, kept = (
        Call(name, key.account_id, key.id, "e", "m", "openai@m", 0, NOW, NOW)
        for name in ("call_undone", "call_kept")
    )

    def add_both(unit: Unit) -> None:
        unit.add_call(kept)
        mark = unit.mark()
        unit.add_call(undone)
        unit.undo(mark)

    await _store(small_customer.house.database, add_both)
    async with small_customer.house.database.reading() as connection:
        assert await calls.find(connection, [undone.id, kept.id]) == {kept.id: kept}


async def _store(database: Database, change: Callable[[Unit], object]) -> Unit:
    made = Unit(NOW)
    change(made)
    async with database.transaction() as connection:
        await made.flush(connection, EmbeddedJobs())
    return made


async def _statements(customer: Customer, *operations: Operation[object]) -> list[str]:
    """Return the statements of one commit of several operations."""
    engine = customer.house.database.writer.sync_engine
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    made = Unit(clock.now())
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with customer.house.database.transaction() as connection:
            await made.load(connection, [one.needs for one in operations], Standing())
            for one in operations:
                one.apply(made)
            await made.flush(connection, EmbeddedJobs())
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return said


@pytest.mark.anyio
async def test_only_changes_of_watched_tasks_cost_a_statement_more(customer: Customer) -> None:
    plain, watched = [(await customer.submit()).task for _ in range(2)]
    usual = await _statements(customer, Begin(plain.id, plain.channel_id))
    assert not any("task_snapshots" in one for one in usual)
    # A mark is told to nobody: it makes no new version.
    marking = await _statements(customer, Keep(watched.id))
    assert not any("pg_notify" in one for one in marking)
    assert not any("task_snapshots" in one for one in marking)
    kept = await _statements(customer, Begin(watched.id, watched.channel_id))
    assert len(kept) == len(usual) + 1
    assert sum("task_snapshots" in one for one in kept) == 1


@pytest.mark.anyio
async def test_changes_of_many_watched_tasks_cost_one_statement(customer: Customer) -> None:
    tasks = [(await customer.submit()).task for _ in range(5)]
    said = await _statements(
        customer,
        *(Keep(one.id) for one in tasks),
        *(Begin(one.id, one.channel_id) for one in tasks),
    )
    assert sum("task_snapshots" in one for one in said) == 1
    catching = CatchUp(customer.house.database, customer.house.writer)
    for one in tasks:
        ended = await customer.house.writer.write(Cancel(one))
        found = await catching.missed(ended, one.version)
        assert [kept.status for kept in found] == [TaskStatus.SUBMITTING]
