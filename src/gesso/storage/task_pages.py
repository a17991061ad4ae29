"""Tasks as operators search them: over all accounts, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, false, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import FINAL, OPEN, Task, TaskStatus
from gesso.kit.clock import millis
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import tasks
from gesso.storage.tasks import read_mapping


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks; an empty field leaves out nothing."""

    status: str = ""
    action: str = ""
    account_id: str = ""
    key_id: str = ""
    channel_id: str = ""
    prompt: str = ""  #: Text that the prompt holds, in any case of letters.
    since: datetime | None = None
    until: datetime | None = None  #: Exclusive.


@dataclass(frozen=True, slots=True)
class Sold:
    """What decides the price of a task that was delivered and could be charged."""

    price_key: str
    lane: str
    version: str
    times: int  #: How often the price counts: clips of a video.
    price_nanos: int
    charged_nanos: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended and how long it ran, in milliseconds; None when it never started."""

    submitted_at: int  #: Epoch milliseconds.
    succeeded: bool
    cancelled: bool
    run_ms: int | None


class _Asked(msgspec.Struct):
    """The part of a stored order that prices depend on."""

    version: str = ""
    clips: int = 1


_asked = msgspec.json.Decoder(_Asked)


async def find_page(
    connection: AsyncConnection, wanted: TaskFilter, part: Slice
) -> tuple[list[Task], str | None]:
    """Read a page of tasks, newest first."""
    order = Order((tasks.c.submitted_at, tasks.c.id))
    page = await read_page(connection, select(tasks).where(*_where(wanted)), order, part)
    return [read_mapping(row) for row in page.rows], page.cursor


async def find_sold(
    connection: AsyncConnection, since: datetime, until: datetime, *, limit: int
) -> list[Sold]:
    """Read what was delivered to paying keys and submitted in a time, newest first."""
    t = tasks.c
    statement = (
        select(t.price_key, t.lane, t.order, t.price_nanos, t.charged_nanos)
        .where(t.submitted_at >= millis(since), t.submitted_at < millis(until))
        .where(t.status == TaskStatus.SUCCEEDED.value, t.sandboxed == false())
        .order_by(t.submitted_at.desc(), t.id.desc())
        .limit(limit)
    )
    found = []
    for key, lane, order, price_nanos, charged_nanos in await connection.execute(statement):
        asked = _asked.decode(order)
        found.append(Sold(key, lane, asked.version, asked.clips, price_nanos, charged_nanos))
    return found


async def find_ended(
    connection: AsyncConnection, channel_id: str, since: datetime, *, limit: int
) -> list[Ended]:
    """Read how a channel's tasks of a time ended, newest first."""
    t = tasks.c
    statement = (
        select(t.submitted_at, t.status, t.started_at, t.finished_at)
        .where(t.submitted_at >= millis(since), t.channel_id == channel_id)
        .where(t.status.in_(sorted(s.value for s in FINAL)))
        .order_by(t.submitted_at.desc(), t.id.desc())
        .limit(limit)
    )
    return [
        Ended(
            submitted_at,
            succeeded=status == TaskStatus.SUCCEEDED.value,
            cancelled=status == TaskStatus.CANCELLED.value,
            run_ms=None if started is None or finished is None else finished - started,
        )
        for submitted_at, status, started, finished in await connection.execute(statement)
    ]


async def is_channel_busy(connection: AsyncConnection, channel_id: str) -> bool:
    """Say whether any open task belongs to a channel."""
    statement = (
        select(tasks.c.id)
        .where(tasks.c.channel_id == channel_id)
        .where(tasks.c.status.in_(sorted(s.value for s in OPEN)))
        .limit(1)
    )
    return (await connection.execute(statement)).first() is not None


def _where(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for name in ("status", "action", "account_id", "key_id", "channel_id"):
        if value := getattr(wanted, name):
            where.append(tasks.c[name] == value)
    if wanted.prompt:
        where.append(tasks.c.prompt.icontains(wanted.prompt, autoescape=True))
    if wanted.since is not None:
        where.append(tasks.c.submitted_at >= millis(wanted.since))
    if wanted.until is not None:
        where.append(tasks.c.submitted_at < millis(wanted.until))
    return where
