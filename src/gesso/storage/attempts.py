"""Rows of `attempts`: every try at an upstream, with what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.attempt import Attempt, AttemptState
from gesso.kit.clock import millis, moment
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import attempts

_COLUMNS = (
    "id", "task_id", "number", "channel_id", "state", "opened_at", "upstream_id", "closed_at",
    "error",
)  # fmt: skip
_SELECT = select(*(attempts.c[name] for name in _COLUMNS))
_FIND = Lookup(lambda ids: _SELECT.where(attempts.c.task_id.in_(ids)).order_by(attempts.c.number))
_INSERT = Prepared(insert(attempts), _COLUMNS)
_UPDATE = Prepared(
    update(attempts)
    .where(attempts.c.id == bindparam("key"))
    .values(
        state=bindparam("new_state"),
        upstream_id=bindparam("new_upstream_id"),
        closed_at=bindparam("new_closed_at"),
        error=bindparam("new_error"),
    ),
    ("key", "new_state", "new_upstream_id", "new_closed_at", "new_error"),
)


async def find_last(connection: AsyncConnection, task_ids: Iterable[int]) -> dict[int, Attempt]:
    """Read the newest attempt of each task."""
    wanted = list(set(task_ids))
    if not wanted:
        return {}
    # The last of a task that comes is its newest.
    return {one.task_id: one for one in map(_read, await _FIND.rows(connection, wanted))}


async def insert_all(connection: AsyncConnection, new: Sequence[Attempt]) -> None:
    """Insert attempts with one statement."""
    rows = [
        (
            a.id, a.task_id, a.number, a.channel_id, a.state.value, millis(a.opened_at),
            a.upstream_id, millis(a.closed_at), a.error,
        )
        for a in new
    ]  # fmt: skip
    await _INSERT.run(connection, rows)


async def update_all(connection: AsyncConnection, changed: Sequence[Attempt]) -> None:
    """Store what became known of attempts."""
    rows = [(a.id, a.state.value, a.upstream_id, millis(a.closed_at), a.error) for a in changed]
    await _UPDATE.run(connection, rows)


def _read(row: Sequence[Any]) -> Attempt:
    """Read a row of `_SELECT`, by place."""
    id_, task_id, number, channel_id, state, opened_at, upstream_id, closed_at, error = row
    return Attempt(
        id=id_,
        task_id=task_id,
        number=number,
        channel_id=channel_id,
        state=AttemptState(state),
        opened_at=moment(opened_at),
        upstream_id=upstream_id,
        closed_at=None if closed_at is None else moment(closed_at),
        error=error,
    )
