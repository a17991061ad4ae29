"""Rows of `tasks`: the only statements that write a task's status.

Whoever changes tasks does it through the unit of work (`storage.unit`), which locks the
rows first, so that the table of moves decides on what is really stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.channel import Load
from gesso.domain.search import Page, Search
from gesso.domain.task import HELD, OPEN, WAITING, Action, BotType, Lane, Picture, Task, TaskStatus
from gesso.kit.clock import millis
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import tasks

_pictures = msgspec.json.Decoder(tuple[Picture, ...])
_mapping = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode
#: A task's fields in their own order; the table has `start_by` besides, which repeats what
#: the order says, so that waiting tasks are found by it.
_FIELDS = tuple(f.name for f in fields(Task))
_pick = itemgetter(*_FIELDS)
_pick_placed = itemgetter(*(list(tasks.columns.keys()).index(name) for name in _FIELDS))
#: What can change after the insert; everything else of a task is written once.
_MUTABLE = (
    "status", "prompt", "final_prompt", "description", "progress", "fail_code", "fail_reason",
    "started_at", "progressed_at", "finished_at", "channel_id", "price_key", "price_nanos",
    "charged_nanos", "queue_job_id", "preview_blob", "version", "order", "result", "pictures",
    "job_hash", "key_id", "turn", "lane", "start_by", "watched",
)  # fmt: skip


_NOTHING: dict[str, Any] = {}
#: Columns that rows kept as JSON may not know yet.
_YOUNGER: dict[str, Any] = {"watched": False}


def _moment(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


_READ: Mapping[str, Callable[[Any], Any]] = {
    # Looked up: calling an enum costs as much as all the rest of a row together.
    "action": {one.value: one for one in Action}.__getitem__,
    "status": {one.value: one for one in TaskStatus}.__getitem__,
    "lane": {one.value: one for one in Lane}.__getitem__,
    "bot": {one.value: one for one in BotType}.__getitem__,
    "submitted_at": _moment,
    "started_at": _moment,
    "progressed_at": _moment,
    "finished_at": _moment,
    "sandboxed": bool,
    "watched": bool,
    "order": _mapping.decode,
    "result": _mapping.decode,
    "pictures": _pictures.decode,
}
_READ_PLACED = tuple((_FIELDS.index(name), read) for name, read in _READ.items())


def read_row(row: Any) -> Task:
    """Build the task of one whole row of the table."""
    # By place: lists of a hundred tasks are asked for often, and names are looked up slowly.
    return _build(list(_pick_placed(row)))


def read_mapping(row: Mapping[Any, Any]) -> Task:
    """Build the task of one row that is given by column name."""
    return _build(list(_pick(row)))


def read_stored(row: Mapping[str, Any]) -> Task:
    """Build the task of a row that was kept as JSON, perhaps by an older release."""
    return read_mapping({**_YOUNGER, **row})


def _build(values: list[Any]) -> Task:
    for place, read in _READ_PLACED:
        values[place] = read(values[place])
    return Task(*values)


def write_row(task: Task) -> dict[str, Any]:
    """Return the columns of a task."""
    row: dict[str, Any] = {name: getattr(task, name) for name in _FIELDS}
    for name in ("submitted_at", "started_at", "progressed_at", "finished_at"):
        row[name] = millis(row[name])
    for name in ("order", "result", "pictures"):
        row[name] = _encode(row[name]).decode()
    for name in ("action", "status", "lane", "bot"):
        row[name] = row[name].value
    row["start_by"] = (task.order.get("terms") or _NOTHING).get("start_by")
    return row


def replaced(before: Task, after: Task) -> dict[str, Any]:
    """Return the columns of a task that a change replaces, as they were before."""
    old, new = write_row(before), write_row(after)
    return {name: old[name] for name in _MUTABLE if old[name] != new[name]}


async def insert_all(connection: AsyncConnection, new: Sequence[Task]) -> None:
    """Insert new tasks with one statement."""
    await _INSERT.run(connection, [_all(write_row(task)) for task in new])


_UPDATE = Prepared(
    update(tasks)
    .where(tasks.c.id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _MUTABLE}),
    ("key", *(f"new_{name}" for name in _MUTABLE)),
)
_changed = itemgetter("id", *_MUTABLE)


async def update_all(connection: AsyncConnection, changed: Sequence[Task]) -> None:
    """Store changed tasks; the caller holds their row locks."""
    await _UPDATE.run(connection, [_changed(write_row(task)) for task in changed])


_FIND = Lookup(lambda ids: select(tasks).where(tasks.c.id.in_(ids)))
_LOCK = Lookup(
    lambda ids: select(tasks).where(tasks.c.id.in_(ids)).order_by(tasks.c.id).with_for_update()
)
_COLUMNS = tuple(tasks.columns.keys())
_all = itemgetter(*_COLUMNS)
_INSERT = Prepared(insert(tasks), _COLUMNS)


async def lock(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, Task]:
    """Read tasks for update, in one order so that two writers never wait for each other."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {task.id: task for task in map(read_row, await _LOCK.rows(connection, wanted))}


async def find_all(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, Task]:
    """Read tasks by id, without locks; missing ones are left out."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    return {task.id: task for task in map(read_row, await _FIND.rows(connection, wanted))}


async def find_of_account(
    connection: AsyncConnection, account_id: str, *, limit: int, open_only: bool = False
) -> list[Task]:
    """Read an account's tasks: newest first, or the open ones oldest first."""
    statement = select(tasks).where(tasks.c.account_id == account_id).limit(limit)
    if open_only:
        statement = statement.where(_open()).order_by(tasks.c.submitted_at)
    else:
        statement = statement.order_by(tasks.c.submitted_at.desc())
    result = await connection.execute(statement)
    return [read_row(row) for row in result.all()]


async def search(
    connection: AsyncConnection, account_id: str, wanted: Search, *, total: int | None = None
) -> Page:
    """Read one page of an account's tasks, and count all that match unless `total` is known."""
    found = _conditions(account_id, wanted)
    if total is None:
        total = await connection.scalar(select(func.count()).select_from(tasks).where(*found))
    column = tasks.c.submitted_at
    order = column.asc() if wanted.oldest_first else column.desc()
    # The page is found in the index first: its rows alone are then read whole.
    ids = select(tasks.c.id).where(*found).order_by(order, tasks.c.id)
    ids = ids.limit(wanted.size).offset(wanted.number * wanted.size)
    keys = list((await connection.execute(ids)).scalars())
    rows = await find_all(connection, keys)
    return Page(tuple(rows[key] for key in keys if key in rows), total or 0)


def _conditions(account_id: str, wanted: Search) -> list[ColumnElement[bool]]:
    found = [tasks.c.account_id == account_id]
    if wanted.ids is not None:
        found.append(tasks.c.id.in_(wanted.ids))
    if wanted.statuses:
        found.append(tasks.c.status.in_([s.value for s in wanted.statuses]))
    if wanted.actions:
        found.append(tasks.c.action.in_([a.value for a in wanted.actions]))
    if wanted.channel_id:
        found.append(tasks.c.channel_id == wanted.channel_id)
    for name, text in wanted.contains.items():
        found.append(tasks.c[name].icontains(text, autoescape=True))
    return found


async def find_open_ids(connection: AsyncConnection) -> list[int]:
    """Read the ids of every open task whose order was taken, oldest first."""
    held = tasks.c.status.in_(sorted(s.value for s in HELD))
    statement = select(tasks.c.id).where(_open(), held).order_by(tasks.c.submitted_at)
    return list((await connection.execute(statement)).scalars())


async def find_unanswered(connection: AsyncConnection, before: datetime) -> list[Task]:
    """Read every dialog that was opened before a time."""
    asked = tasks.c.status == TaskStatus.NEEDS_INPUT.value
    statement = select(tasks).where(_open(), asked, tasks.c.submitted_at < millis(before))
    return [read_row(row) for row in (await connection.execute(statement)).all()]


async def find_late(connection: AsyncConnection, now: datetime) -> list[Task]:
    """Read every waiting task that was to start before now."""
    waiting = tasks.c.status.in_(sorted(s.value for s in WAITING))
    late = tasks.c.start_by.is_not(None) & (tasks.c.start_by <= millis(now))
    statement = select(tasks).where(late, waiting)
    return [read_row(row) for row in (await connection.execute(statement)).all()]


async def find_family(connection: AsyncConnection, root: Task, *, limit: int) -> list[Task]:
    """Read a first task of an account and everything that was made from it, oldest first."""
    family = or_(tasks.c.id == root.id, tasks.c.root_id == root.id)
    statement = select(tasks).where(tasks.c.account_id == root.account_id, family)
    statement = statement.order_by(tasks.c.submitted_at, tasks.c.id).limit(limit)
    return [read_row(row) for row in (await connection.execute(statement)).all()]


async def find_times(
    connection: AsyncConnection, channel_id: str, action: Action, lane: Lane, *, limit: int
) -> list[int]:
    """Read how long the newest successes of a channel took from start to end, in ms."""
    statement = (
        select(tasks.c.finished_at - tasks.c.started_at)
        .where(
            tasks.c.channel_id == channel_id,
            tasks.c.action == action.value,
            tasks.c.lane == lane.value,
            tasks.c.status == TaskStatus.SUCCEEDED.value,
            tasks.c.started_at.is_not(None),
        )
        .order_by(tasks.c.finished_at.desc())
        .limit(limit)
    )
    return [int(took) for took in (await connection.execute(statement)).scalars()]


async def count_load(connection: AsyncConnection, channel_id: str, *, most: int) -> Load:
    """Count a channel's waiting and running tasks, up to `most` so that it stays cheap."""
    waiting = running = 0
    found = await connection.execute(_LOAD, {"channel_id": channel_id, "most": most})
    for status, count in found:
        waiting += count if status == "queued" else 0
        running += count if status != "queued" else 0
    return Load(waiting, running)


async def find_turn(
    connection: AsyncConnection, channel_id: str, lane: str, account_id: str
) -> tuple[int | None, int]:
    """Read the last turn of an account's waiting tasks, and the turn that the lane has reached.

    None when the account waits for nothing there. The lane's is that of its oldest waiting
    task, 0 when none waits.
    """
    queue = {"channel_id": channel_id, "lane": lane}
    last = (await connection.execute(_LAST_TURN, queue | {"account_id": account_id})).scalar()
    reached = (await connection.execute(_TURN_REACHED, queue)).scalar()
    return last, reached or 0


async def find_queue(connection: AsyncConnection, channel_id: str, *, limit: int) -> list[int]:
    """Read the ids of a channel's waiting tasks, in the order in which they will start."""
    rank = case({lane.value: -lane.priority for lane in Lane}, value=tasks.c.lane)
    statement = (
        select(tasks.c.id)
        .where(tasks.c.channel_id == channel_id, tasks.c.status == "queued", _open())
        .order_by(rank, tasks.c.turn, tasks.c.submitted_at, tasks.c.id)
        .limit(limit)
    )
    return list((await connection.execute(statement)).scalars())


async def count_open_of_key(connection: AsyncConnection, key_id: str, *, most: int) -> int:
    """Count a key's open tasks, up to `most`."""
    inner = select(tasks.c.id).where(tasks.c.key_id == key_id).where(_open()).limit(most)
    return len((await connection.execute(inner)).all())


def _open() -> ColumnElement[bool]:
    # Spelled like the partial index, or neither database would use it.
    return tasks.c.status.in_(sorted(s.value for s in OPEN))


# Statements of every submit, built once: putting one together costs more than running it.

_COUNTED = (
    select(tasks.c.status)
    .where(tasks.c.channel_id == bindparam("channel_id"))
    .where(tasks.c.status.in_(["queued", "submitting", "running"]))
    .where(_open())
    .limit(bindparam("most"))
    .subquery()
)
_LOAD = select(_COUNTED.c.status, func.count()).group_by(_COUNTED.c.status)
_WAITING_HERE = (
    (tasks.c.channel_id == bindparam("channel_id"))
    & (tasks.c.lane == bindparam("lane"))
    & (tasks.c.status == literal_column("'queued'"))
)
_LAST_TURN = select(func.max(tasks.c.turn)).where(
    _WAITING_HERE, tasks.c.account_id == bindparam("account_id")
)
_TURN_REACHED = (
    select(tasks.c.turn).where(_WAITING_HERE, _open()).order_by(tasks.c.submitted_at).limit(1)
)
