"""Rows of `task_snapshots`: how watched tasks stood before each change.

A row holds what a change replaced and not the whole task: for a step of progress that is a
hundred bytes, however long the prompt. So a task is read backwards, from how it stands now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import Task
from gesso.kit.clock import millis
from gesso.storage import tasks
from gesso.storage.schema import task_snapshots as table

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
# What is kept for streams must never stop the change itself.
_INSERT = {
    "sqlite": sqlite_insert(table).on_conflict_do_nothing(),
    "postgresql": postgres_insert(table).on_conflict_do_nothing(),
}


async def insert_all(
    connection: AsyncConnection, changes: Sequence[tuple[Task, Task]], now: datetime
) -> None:
    """Keep how tasks stood, for each change from a version to a later one.

    In the transaction of the changes, by who holds the row locks of the tasks.
    """
    if not changes:
        return
    rows = [
        {
            "task_id": before.id,
            "version": before.version,
            "next_version": after.version,
            "at": millis(now),
            "body": _encode(tasks.replaced(before, after)).decode(),
        }
        for before, after in changes
    ]
    await connection.execute(_INSERT[connection.dialect.name], rows)


async def find_between(
    connection: AsyncConnection, after: int, task: Task, *, limit: int
) -> list[Task]:
    """Return how a task stood after a version and before the given one, oldest first.

    Of more than `limit` the newest are returned, and nothing from before a version that is
    not kept any more.
    """
    statement = (
        select(table.c.next_version, table.c.body)
        .where(table.c.task_id == task.id)
        .where(table.c.version > after, table.c.version < task.version)
        .order_by(table.c.version.desc())
        .limit(limit)
    )
    row, found = tasks.write_row(task), []
    for next_version, body in (await connection.execute(statement)).all():
        if next_version != row["version"]:
            break
        row |= _decode(body)
        found.append(tasks.read_stored(row))
    found.reverse()
    return found


async def drop_before(connection: AsyncConnection, moment: datetime, *, limit: int) -> int:
    """Delete what was replaced before a moment, oldest first; returns how many rows.

    About `limit` of them at most: those of one commit go together.
    """
    old = table.c.at < millis(moment)
    last = select(table.c.at).where(old).order_by(table.c.at).offset(limit - 1).limit(1)
    bound = (await connection.execute(last)).scalar()
    chosen = old if bound is None else table.c.at <= bound
    return (await connection.execute(delete(table).where(chosen))).rowcount
