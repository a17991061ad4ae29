"""Rows of `blob_uses`: which task still needs which stored bytes, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis
from gesso.storage.schema import blob_uses


async def insert_all(
    connection: AsyncConnection, uses: Sequence[tuple[str, int, datetime]]
) -> None:
    """Note (blob, task, until) for each; a use that is known already gets the new end."""
    if not uses:
        return
    rows = [{"blob": b, "task_id": t, "expires_at": millis(until)} for b, t, until in uses]
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    statement = insert(blob_uses)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["blob", "task_id"],
            set_={"expires_at": statement.excluded.expires_at},
        ),
        rows,
    )


async def take_expired(connection: AsyncConnection, now: datetime, *, limit: int) -> list[str]:
    """Remove expired uses and return the blobs that nothing needs any more."""
    statement = select(blob_uses.c.blob).where(blob_uses.c.expires_at <= millis(now)).limit(limit)
    candidates = list(set((await connection.execute(statement)).scalars()))
    if not candidates:
        return []
    await connection.execute(
        delete(blob_uses)
        .where(blob_uses.c.blob.in_(candidates))
        .where(blob_uses.c.expires_at <= millis(now))
    )
    kept = select(blob_uses.c.blob).where(blob_uses.c.blob.in_(candidates))
    still = set((await connection.execute(kept)).scalars())
    return [blob for blob in candidates if blob not in still]


async def is_used(connection: AsyncConnection, blob: str) -> bool:
    """Say whether any task still needs a blob."""
    statement = select(blob_uses.c.task_id).where(blob_uses.c.blob == blob).limit(1)
    return (await connection.execute(statement)).first() is not None
