"""Rows of `idempotency`: which task an Idempotency-Key led to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis
from gesso.storage.schema import idempotency


@dataclass(frozen=True, slots=True)
class Replay:
    """One remembered submit: the same key with the same body leads to the same task."""

    key_id: str
    key: str
    digest: bytes
    task_id: int


_FIND = select(idempotency).where(
    tuple_(idempotency.c.key_id, idempotency.c.key).in_(bindparam("pairs", expanding=True))
)


async def find(
    connection: AsyncConnection, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Replay]:
    """Read remembered submits by API key and Idempotency-Key."""
    pairs = list(set(wanted))
    if not pairs:
        return {}
    return {
        (row.key_id, row.key): Replay(row.key_id, row.key, bytes(row.digest), row.task_id)
        for row in await connection.execute(_FIND, {"pairs": pairs})
    }


async def insert_all(connection: AsyncConnection, new: Sequence[Replay], now: datetime) -> None:
    """Remember submits."""
    if new:
        rows = [
            {
                "key_id": r.key_id,
                "key": r.key,
                "digest": r.digest,
                "task_id": r.task_id,
                "created_at": millis(now),
            }
            for r in new
        ]
        await connection.execute(insert(idempotency), rows)


async def forget_before(connection: AsyncConnection, moment: datetime) -> None:
    """Forget submits that are too old to be sent again."""
    await connection.execute(delete(idempotency).where(idempotency.c.created_at < millis(moment)))
