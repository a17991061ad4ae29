"""Rows of `outbox`: callbacks waiting to be sent, each with the task as it was then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import and_, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import Task
from gesso.kit.clock import millis
from gesso.storage.schema import outbox
from gesso.storage.tasks import read_row, write_row


@dataclass(frozen=True, slots=True)
class Callback:
    """One event to tell a receiver. Its id names task and version, so it never changes."""

    id: str
    url: str
    task: Task
    final: bool
    attempts: int = 0
    created_at: datetime | None = None


def callback_id(task: Task) -> str:
    """Name the event of a task's present version; the same after any restart."""
    return f"evt_{task.id}_{task.version}"


async def insert_all(
    connection: AsyncConnection, callbacks: Sequence[Callback], now: datetime
) -> None:
    """Store callbacks in the transaction of the change that they tell of."""
    if callbacks:
        rows = [
            {
                "id": c.id,
                "task_id": c.task.id,
                "version": c.task.version,
                "final": c.final,
                "url": c.url,
                "snapshot": msgspec.json.encode(write_row(c.task)).decode(),
                "state": "waiting",
                "due_at": millis(now),
                "created_at": millis(now),
            }
            for c in callbacks
        ]
        await connection.execute(insert(outbox), rows)


async def any_due(connection: AsyncConnection, now: datetime) -> bool:
    """Say whether any callback is due, without taking a lock."""
    statement = (
        select(outbox.c.id)
        .where(outbox.c.state == "waiting", outbox.c.due_at <= millis(now))
        .limit(1)
    )
    return (await connection.execute(statement)).first() is not None


async def forget_leases(connection: AsyncConnection, now: datetime) -> None:
    """Make every waiting callback due: for a process that surely is the only sender."""
    await connection.execute(
        update(outbox).where(outbox.c.state == "waiting").values(due_at=millis(now))
    )


async def claim_due(
    connection: AsyncConnection, now: datetime, *, limit: int, lease_s: float
) -> list[Callback]:
    """Take callbacks that are due, oldest version of each task only, and lease them.

    A task's later event waits for its earlier ones, so a receiver never sees an older
    state after a newer one. The lease hides a callback from other senders until it is
    settled or the sender has died.
    """
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        and_(
            earlier.c.task_id == outbox.c.task_id,
            earlier.c.version < outbox.c.version,
            earlier.c.state == "waiting",
        )
    )
    statement = (
        select(outbox)
        .where(outbox.c.state == "waiting", outbox.c.due_at <= millis(now), ~blocked)
        .order_by(outbox.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await connection.execute(statement)).mappings().all()
    if rows:
        await connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row["id"] for row in rows]))
            .values(due_at=millis(now + timedelta(seconds=lease_s)))
        )
    return [_read(row) for row in rows]


async def close_all(
    connection: AsyncConnection, ids: Iterable[str], *, state: str, answer: str, now: datetime
) -> None:
    """Mark callbacks as sent or dead."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(list(ids)))
        .values(
            state=state,
            answer=answer,
            closed_at=millis(now),
            attempts=outbox.c.attempts + 1,
        )
    )


async def postpone(
    connection: AsyncConnection, callback_id: str, *, until: datetime, answer: str
) -> None:
    """Set the time of the next try."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.id == callback_id)
        .values(due_at=millis(until), answer=answer, attempts=outbox.c.attempts + 1)
    )


async def count_waiting(connection: AsyncConnection) -> int:
    """Count callbacks that are not settled."""
    statement = select(func.count()).where(outbox.c.state == "waiting")
    return int((await connection.execute(statement)).scalar_one())


def _read(row: Any) -> Callback:
    return Callback(
        id=row["id"],
        url=row["url"],
        task=read_row(msgspec.json.decode(row["snapshot"])),
        final=bool(row["final"]),
        attempts=row["attempts"],
        created_at=datetime.fromtimestamp(row["created_at"] / 1000).astimezone(),
    )
