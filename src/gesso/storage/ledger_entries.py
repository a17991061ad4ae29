"""Rows of `ledger_entries`: appended, never changed, never removed.

One row is one posting: it takes `amount_nanos` from `source` and gives it to `destination`,
so both sides of the double entry are in one row and the sum over all is zero by its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, String, func, insert, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis
from gesso.storage.paging import Order, Rows, Slice, read_page
from gesso.storage.prepared import Prepared
from gesso.storage.schema import ledger_entries as table
from gesso.storage.schema import tasks

_DAY_MS = 86_400_000
#: Every time zone of the world begins its day at a quarter of an hour.
QUARTER_MS = 900_000


class Entry(NamedTuple):
    """One posting. `reference` is unique, so the same posting is never written twice."""

    reference: str
    verb: str
    source: str
    destination: str
    amount_nanos: int
    account_id: str
    key_id: str | None
    price_key: str
    posted_at: datetime
    task_id: int | None = None
    note: str = ""


#: What is posted of a task, each once: its postings are named `<id>/<verb>` (ledger/book.py).
_VERBS = ("hold", "extend", "capture", "release")
# Nobody asks for the numbers that the rows get.
_INSERT = Prepared(insert(table).inline(), Entry._fields)
#: Postings of relayed calls, the most of all, have neither a task nor a note.
_TIME = Entry._fields.index("posted_at")
_INSERT_OF_CALLS = Prepared(insert(table).inline(), Entry._fields[: _TIME + 1])
_OF_CALL = (None, "")


def of_task(task_id: int) -> ColumnElement[bool]:
    """Say which postings are a task's: by their names, for which there is an index."""
    return table.c.reference.in_([f"{task_id}/{verb}" for verb in _VERBS])


async def append(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Append postings with one statement; a repeated reference raises IntegrityError."""
    if not entries:
        return
    # What is committed together was posted at the same moment.
    times = {moment: (millis(moment),) for moment in {entry.posted_at for entry in entries}}
    ends = {entry[_TIME + 1 :] for entry in entries}
    if ends == {_OF_CALL}:
        rows = [entry[:_TIME] + times[entry.posted_at] for entry in entries]
        await _INSERT_OF_CALLS.run(connection, rows)
    else:
        rows = [e[:_TIME] + times[e.posted_at] + e[_TIME + 1 :] for e in entries]
        await _INSERT.run(connection, rows)


async def sums(connection: AsyncConnection) -> dict[str, int]:
    """Return the balance of every ledger account, as the sum of its postings."""
    totals: dict[str, int] = {}
    for column, sign in ((table.c.destination, 1), (table.c.source, -1)):
        statement = select(column, func.sum(table.c.amount_nanos)).group_by(column)
        for name, amount in await connection.execute(statement):
            totals[name] = totals.get(name, 0) + sign * int(amount)
    return totals


async def find_of_account(
    connection: AsyncConnection, account_id: str, *, limit: int
) -> list[dict[str, Any]]:
    """Read an account's newest postings."""
    statement = select(table).where(table.c.account_id == account_id).order_by(table.c.id.desc())
    return [dict(row) for row in (await connection.execute(statement.limit(limit))).mappings()]


async def is_posted(connection: AsyncConnection, reference: str) -> bool:
    """Say whether a posting with this reference exists."""
    statement = select(table.c.id).where(table.c.reference == reference)
    return (await connection.execute(statement)).first() is not None


async def find_page(
    connection: AsyncConnection, where: Sequence[ColumnElement[bool]], part: Slice
) -> Rows:
    """Read a page of postings, newest first."""
    return await read_page(connection, select(table).where(*where), Order((table.c.id,)), part)


async def sum_captures(
    connection: AsyncConnection,
    groups: Sequence[str],
    where: Sequence[ColumnElement[bool]],
    part: Slice,
) -> Rows:
    """Sum captures by `day` (since the epoch, UTC), `action`, `price_key`, account or key."""
    # Written out: the same expression with two bound values is not one group to PostgreSQL.
    columns = {
        "day": literal_column(f"ledger_entries.posted_at / {_DAY_MS}", BigInteger).label("day"),
        # A relayed call has no task; its postings are named after it.
        "action": func.coalesce(tasks.c.action, literal_column("'RELAY'", String)).label("action"),
        "price_key": table.c.price_key.label("price_key"),
        "account_id": table.c.account_id.label("account_id"),
        "key_id": func.coalesce(table.c.key_id, literal_column("''", String)).label("key_id"),
    }
    chosen = [columns[name] for name in groups]
    summed = (
        select(
            *chosen,
            func.count().label("tasks"),
            func.sum(table.c.amount_nanos).label("amount_nanos"),
        )
        .outerjoin(tasks, tasks.c.id == table.c.task_id)
        .where(table.c.verb == "capture", *where)
        .group_by(*chosen)
        .subquery()
    )
    order = Order(tuple(summed.c[name] for name in groups), newest_first=False)
    return await read_page(connection, select(summed), order, part)


async def find_captured_calls(
    connection: AsyncConnection, since: datetime, until: datetime, *, limit: int
) -> list[str]:
    """Read the references of captures that belong to no task, newest first."""
    statement = (
        select(table.c.reference)
        .where(table.c.verb == "capture", table.c.task_id.is_(None))
        .where(table.c.posted_at >= millis(since), table.c.posted_at < millis(until))
        .order_by(table.c.posted_at.desc(), table.c.id.desc())
        .limit(limit)
    )
    return list((await connection.execute(statement)).scalars())


async def sum_captured(connection: AsyncConnection, account_id: str, key_id: str | None) -> int:
    """Sum what an account, or one key of it, was charged."""
    statement = select(func.sum(table.c.amount_nanos)).where(*_captures(account_id, key_id))
    return int(await connection.scalar(statement) or 0)


async def sum_quarters(
    connection: AsyncConnection,
    account_id: str,
    key_id: str | None,
    since: datetime,
    until: datetime,
) -> list[dict[str, Any]]:
    """Sum captures by quarter of an hour (since the epoch) and price key, oldest first."""
    quarter = literal_column(f"ledger_entries.posted_at / {QUARTER_MS}", BigInteger)
    statement = (
        select(
            quarter.label("quarter"),
            table.c.price_key,
            func.count().label("tasks"),
            func.sum(table.c.amount_nanos).label("amount_nanos"),
        )
        .where(
            *_captures(account_id, key_id),
            table.c.posted_at >= millis(since),
            table.c.posted_at < millis(until),
        )
        .group_by(quarter, table.c.price_key)
        .order_by(quarter, table.c.price_key)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _captures(account_id: str, key_id: str | None) -> list[ColumnElement[bool]]:
    found = [table.c.account_id == account_id, table.c.verb == "capture"]
    return [*found, table.c.key_id == key_id] if key_id else found


async def find_of_task(connection: AsyncConnection, task_id: int) -> list[dict[str, Any]]:
    """Read a task's postings, oldest first."""
    statement = select(table).where(of_task(task_id)).order_by(table.c.id)
    return [dict(row) for row in (await connection.execute(statement)).mappings()]
