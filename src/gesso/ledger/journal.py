"""The books as operators read them: every posting, and what was earned by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis, moment
from gesso.storage import ledger_entries
from gesso.storage.ledger_entries import Entry
from gesso.storage.paging import Slice
from gesso.storage.schema import ledger_entries as table

__all__ = [
    "GROUPS", "Entry", "Filter", "Usage", "captured_calls", "entries", "is_posted", "usage",
]  # fmt: skip

#: By what usage can be summed.
GROUPS = ("day", "action", "price_key", "account_id", "key_id")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which postings; an empty field leaves out nothing."""

    account_id: str = ""
    key_id: str = ""
    verb: str = ""
    task_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None  #: Exclusive.


@dataclass(frozen=True, slots=True)
class Usage:
    """Captured money of one group; fields that were not grouped by are empty."""

    tasks: int
    amount_nanos: int
    day: date | None = None
    action: str = ""
    price_key: str = ""
    account_id: str = ""
    key_id: str = ""


async def is_posted(connection: AsyncConnection, reference: str) -> bool:
    """Say whether a posting with this reference was made already."""
    return await ledger_entries.is_posted(connection, reference)


async def entries(
    connection: AsyncConnection, wanted: Filter, part: Slice
) -> tuple[list[tuple[int, Entry]], str | None]:
    """Return a page of postings with their numbers, newest first."""
    page = await ledger_entries.find_page(connection, _where(wanted), part)
    return [_read(row) for row in page.rows], page.cursor


async def usage(
    connection: AsyncConnection, groups: Sequence[str], wanted: Filter, part: Slice
) -> tuple[list[Usage], str | None]:
    """Return a page of sums over captures, in the order of the groups."""
    page = await ledger_entries.sum_captures(connection, groups, _where(wanted), part)
    return [_read_usage(row) for row in page.rows], page.cursor


async def captured_calls(
    connection: AsyncConnection, since: datetime, until: datetime, *, limit: int
) -> list[str]:
    """Return the ids of relayed calls that were charged in a time, newest first."""
    found = await ledger_entries.find_captured_calls(connection, since, until, limit=limit)
    # A call's postings are named `<id>/<verb>` (ledger/book.py).
    return [reference.partition("/")[0] for reference in found]


def _where(wanted: Filter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for name in ("account_id", "key_id", "verb"):
        if value := getattr(wanted, name):
            where.append(table.c[name] == value)
    if wanted.task_id is not None:
        where.append(ledger_entries.of_task(wanted.task_id))
    if wanted.since is not None:
        where.append(table.c.posted_at >= millis(wanted.since))
    if wanted.until is not None:
        where.append(table.c.posted_at < millis(wanted.until))
    return where


def _read(row: Any) -> tuple[int, Entry]:
    values = {name: row[name] for name in row if name not in {"id", "posted_at"}}
    return row["id"], Entry(**values, posted_at=moment(row["posted_at"]))


def _read_usage(row: Any) -> Usage:
    values = dict(row)
    if "day" in values:
        values["day"] = date.fromordinal(date(1970, 1, 1).toordinal() + int(values["day"]))
    values["amount_nanos"] = int(values["amount_nanos"])
    return Usage(**values)
