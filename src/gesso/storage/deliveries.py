"""Callbacks as operators see them: their state, and every try with what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import outbox, outbox_attempts

#: How much of a receiver's answer is kept, in characters.
RESPONSE_CHARS = 500

_FIELDS = (
    "id", "task_id", "version", "final", "url", "host", "account_id", "key_id", "state",
    "attempts", "due_at", "created_at", "closed_at", "answer",
)  # fmt: skip
_SELECT = select(*(outbox.c[name] for name in _FIELDS))


@dataclass(frozen=True, slots=True)
class Try:
    """One call of a receiver: its status, or the error that stood in the way."""

    sent_at: datetime
    duration_ms: int
    status: int | None = None
    error: str = ""
    response: str = ""  #: The beginning of the answer's body.


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback: waiting, sent, dead or superseded."""

    id: str
    task_id: int
    version: int
    final: bool
    url: str
    host: str
    account_id: str
    key_id: str
    state: str
    attempts: int
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None
    answer: str | None


async def add_try(connection: AsyncConnection, callback_id: str, one: Try) -> None:
    """Append a try, in the transaction that settles the callback."""
    await connection.execute(
        insert(outbox_attempts).values(
            callback_id=callback_id,
            sent_at=millis(one.sent_at),
            duration_ms=one.duration_ms,
            status=one.status,
            # PostgreSQL stores no NUL in a text, and a receiver may send anything.
            error=one.error.replace("\x00", "�"),
            response=one.response[:RESPONSE_CHARS].replace("\x00", "�"),
        )
    )


async def find_page(
    connection: AsyncConnection, where: Sequence[ColumnElement[bool]], part: Slice
) -> tuple[list[Delivery], str | None]:
    """Read a page of callbacks, newest first."""
    order = Order((outbox.c.created_at, outbox.c.id))
    page = await read_page(connection, _SELECT.where(*where), order, part)
    return [_read(row) for row in page.rows], page.cursor


async def find(connection: AsyncConnection, callback_id: str) -> Delivery | None:
    """Read and lock one callback, or None."""
    statement = _SELECT.where(outbox.c.id == callback_id).with_for_update()
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else _read(row)


async def find_tries(connection: AsyncConnection, callback_id: str) -> list[Try]:
    """Read every try of a callback, oldest first."""
    table = outbox_attempts
    statement = select(
        table.c.sent_at, table.c.duration_ms, table.c.status, table.c.error, table.c.response
    )
    rows = await connection.execute(
        statement.where(table.c.callback_id == callback_id).order_by(table.c.id)
    )
    return [Try(**_times(dict(row), "sent_at")) for row in rows.mappings()]


async def newest_version(connection: AsyncConnection, one: Delivery) -> int:
    """Return the newest version of the task that was queued for the same URL."""
    statement = select(func.max(outbox.c.version)).where(
        outbox.c.task_id == one.task_id, outbox.c.url == one.url
    )
    return int((await connection.execute(statement)).scalar_one())


async def retry(connection: AsyncConnection, callback_id: str, now: datetime) -> bool:
    """Make a callback due now, with all its time to be tried; False while it is being sent."""
    result = await connection.execute(
        update(outbox)
        .where(outbox.c.id == callback_id, ~outbox.c.leased)
        .values(state="waiting", due_at=millis(now), tries_since=millis(now), closed_at=None)
    )
    return result.rowcount > 0


async def drop_closed(connection: AsyncConnection, before: datetime, *, limit: int) -> int:
    """Delete callbacks that were settled before a moment, with their tries."""
    old = select(outbox.c.id).where(
        outbox.c.state != "waiting", outbox.c.created_at < millis(before)
    )
    ids = list((await connection.execute(old.limit(limit))).scalars())
    if ids:
        tries = outbox_attempts.c.callback_id.in_(ids)
        await connection.execute(delete(outbox_attempts).where(tries))
        await connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
    return len(ids)


def _read(row: Any) -> Delivery:
    values = _times(dict(row), "due_at", "created_at", "closed_at")
    return Delivery(**values | {"final": bool(values["final"])})


def _times(values: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        if values[name] is not None:
            values[name] = datetime.fromtimestamp(values[name] / 1000, UTC)
    return values
