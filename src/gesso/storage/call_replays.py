"""Rows of `call_replays`: which call an Idempotency-Key led to, and what it answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis
from gesso.storage.schema import call_replays as table


@dataclass(frozen=True, slots=True)
class CallReplay:
    """One remembered call of an API key; the answer while it is kept."""

    key_id: str
    key: str
    digest: bytes
    call_id: str
    status: int | None = None
    content_type: str = ""
    body: bytes | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """By what it is found."""
        return self.key_id, self.key


async def find(
    connection: AsyncConnection, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], CallReplay]:
    """Read remembered calls by API key and Idempotency-Key."""
    pairs = list(set(wanted))
    if not pairs:
        return {}
    names = CallReplay.__dataclass_fields__
    statement = select(*(table.c[name] for name in names)).where(
        tuple_(table.c.key_id, table.c.key).in_(pairs)
    )
    rows = await connection.execute(statement)
    found = (CallReplay(**dict(zip(names, row, strict=True))) for row in rows)
    return {one.pair: one for one in found}


async def store(connection: AsyncConnection, new: Iterable[CallReplay], now: datetime) -> None:
    """Remember calls, in place of what was remembered under the same names."""
    rows = [
        {name: getattr(one, name) for name in CallReplay.__dataclass_fields__}
        | {"created_at": millis(now)}
        for one in new
    ]
    if rows:
        pairs = [(row["key_id"], row["key"]) for row in rows]
        await connection.execute(
            delete(table).where(tuple_(table.c.key_id, table.c.key).in_(pairs))
        )
        await connection.execute(insert(table), rows)


async def forget_before(connection: AsyncConnection, moment: datetime, bodies: datetime) -> None:
    """Forget calls before `moment`, and what those before `bodies` answered."""
    await connection.execute(delete(table).where(table.c.created_at < millis(moment)))
    await connection.execute(
        update(table)
        .where(table.c.created_at < millis(bodies), table.c.body.is_not(None))
        .values(body=None)
    )
