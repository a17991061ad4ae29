"""Tasks as operators search them: over all accounts, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import OPEN, Task
from gesso.kit.clock import millis
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import tasks
from gesso.storage.tasks import read_row


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


async def find_page(
    connection: AsyncConnection, wanted: TaskFilter, part: Slice
) -> tuple[list[Task], str | None]:
    """Read a page of tasks, newest first."""
    order = Order((tasks.c.submitted_at, tasks.c.id))
    page = await read_page(connection, select(tasks).where(*_where(wanted)), order, part)
    return [read_row(row) for row in page.rows], page.cursor


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
