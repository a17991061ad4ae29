"""Rows of `attempts`: every try at an upstream, with what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.attempt import Attempt, AttemptState
from gesso.kit.clock import millis
from gesso.storage.schema import attempts

_FIND = (
    select(attempts)
    .where(attempts.c.task_id.in_(bindparam("ids", expanding=True)))
    .order_by(attempts.c.number)
)
_INSERT = insert(attempts)


async def find_last(connection: AsyncConnection, task_ids: Iterable[int]) -> dict[int, Attempt]:
    """Read the newest attempt of each task."""
    wanted = list(set(task_ids))
    if not wanted:
        return {}
    found: dict[int, Attempt] = {}
    for row in (await connection.execute(_FIND, {"ids": wanted})).mappings():
        found[row["task_id"]] = Attempt(
            id=row["id"],
            task_id=row["task_id"],
            number=row["number"],
            channel_id=row["channel_id"],
            state=AttemptState(row["state"]),
            opened_at=datetime.fromtimestamp(row["opened_at"] / 1000, UTC),
            upstream_id=row["upstream_id"],
            closed_at=None
            if row["closed_at"] is None
            else datetime.fromtimestamp(row["closed_at"] / 1000, UTC),
            error=row["error"],
        )
    return found


async def insert_all(connection: AsyncConnection, new: Sequence[Attempt]) -> None:
    """Insert attempts with one statement."""
    if new:
        rows = [
            {
                "id": a.id,
                "task_id": a.task_id,
                "number": a.number,
                "channel_id": a.channel_id,
                "state": a.state.value,
                "upstream_id": a.upstream_id,
                "opened_at": millis(a.opened_at),
                "closed_at": millis(a.closed_at),
                "error": a.error,
            }
            for a in new
        ]
        await connection.execute(_INSERT, rows)


_UPDATE = (
    update(attempts)
    .where(attempts.c.id == bindparam("key"))
    .values(
        state=bindparam("new_state"),
        upstream_id=bindparam("new_upstream_id"),
        closed_at=bindparam("new_closed_at"),
        error=bindparam("new_error"),
    )
)


async def update_all(connection: AsyncConnection, changed: Sequence[Attempt]) -> None:
    """Store what became known of attempts."""
    if changed:
        rows = [
            {
                "key": a.id,
                "new_state": a.state.value,
                "new_upstream_id": a.upstream_id,
                "new_closed_at": millis(a.closed_at),
                "new_error": a.error,
            }
            for a in changed
        ]
        await connection.execute(_UPDATE, rows)
