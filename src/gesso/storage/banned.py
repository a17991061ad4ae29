"""Rows of `banned_words`: words that the operator added while gesso runs."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.storage.schema import banned_words


async def find_all(connection: AsyncConnection) -> tuple[str, ...]:
    """Read every banned word."""
    return tuple((await connection.execute(select(banned_words.c.word))).scalars())
