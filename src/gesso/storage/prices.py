"""Rows of `prices`: what the operator changed of the default price list."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.storage.schema import prices


async def find_all(connection: AsyncConnection) -> dict[str, int]:
    """Read the changed prices, in nano-dollars by price key."""
    rows = await connection.execute(select(prices.c.key, prices.c.nanos))
    return {row.key: row.nanos for row in rows}


async def remove(connection: AsyncConnection, key: str) -> int | None:
    """Drop a changed price and return it; None when there is none."""
    result = await connection.execute(select(prices.c.nanos).where(prices.c.key == key))
    found = result.scalar_one_or_none()
    await connection.execute(delete(prices).where(prices.c.key == key))
    return found


async def replace(connection: AsyncConnection, changed: Mapping[str, int]) -> None:
    """Set prices, in nano-dollars by price key."""
    if changed:
        await connection.execute(delete(prices).where(prices.c.key.in_(list(changed))))
        await connection.execute(
            insert(prices), [{"key": k, "nanos": n} for k, n in changed.items()]
        )
