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
