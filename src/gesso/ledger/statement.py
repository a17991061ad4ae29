"""The read side of the books: an account's balance and its newest postings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.ledger.book import available
from gesso.storage import ledger_entries


@dataclass(frozen=True, slots=True)
class Line:
    """One posting as the account's owner sees it: plus is money they can spend."""

    posted_at: datetime
    verb: str
    amount_nanos: int
    task_id: int | None
    price_key: str
    note: str


async def lines(connection: AsyncConnection, account_id: str, *, limit: int = 100) -> list[Line]:
    """Return an account's newest postings, newest first."""
    rows = await ledger_entries.find_of_account(connection, account_id, limit=limit)
    own = available(account_id)
    return [
        Line(
            posted_at=datetime.fromtimestamp(row["posted_at"] // 1000, UTC),
            verb=row["verb"],
            amount_nanos=_sign(row, own) * row["amount_nanos"],
            task_id=row["task_id"],
            price_key=row["price_key"],
            note=row["note"],
        )
        for row in rows
    ]


def _sign(row: dict[str, object], own: str) -> int:
    # A capture moves what was held before: it does not change what can be spent.
    return (row["destination"] == own) - (row["source"] == own)


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting of a task, as it stands in the books."""

    reference: str
    posted_at: datetime
    verb: str
    source: str
    destination: str
    amount_nanos: int
    price_key: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What was captured within a quarter of an hour at one price key."""

    since: datetime
    price_key: str
    tasks: int
    amount_nanos: int


async def of_task(connection: AsyncConnection, task_id: int) -> list[Posting]:
    """Return every posting of a task, oldest first."""
    return [
        Posting(
            reference=row["reference"],
            posted_at=datetime.fromtimestamp(row["posted_at"] // 1000, UTC),
            verb=row["verb"],
            source=row["source"],
            destination=row["destination"],
            amount_nanos=row["amount_nanos"],
            price_key=row["price_key"],
        )
        for row in await ledger_entries.find_of_task(connection, task_id)
    ]


async def captured(connection: AsyncConnection, account_id: str, key_id: str | None = None) -> int:
    """Return what an account, or one key of it, was ever charged, in nano-dollars."""
    return await ledger_entries.sum_captured(connection, account_id, key_id)


async def spent(
    connection: AsyncConnection,
    account_id: str,
    key_id: str | None,
    since: datetime,
    until: datetime,
) -> list[Spent]:
    """Return captures by quarter of an hour and price key; quarters suit every time zone."""
    rows = await ledger_entries.sum_quarters(connection, account_id, key_id, since, until)
    return [
        Spent(
            datetime.fromtimestamp(row["quarter"] * ledger_entries.QUARTER_MS // 1000, UTC),
            row["price_key"],
            row["tasks"],
            int(row["amount_nanos"]),
        )
        for row in rows
    ]
