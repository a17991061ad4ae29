"""Rows of `banned_words`: words that the operator added while gesso runs."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import banned_words


async def find_all(connection: AsyncConnection) -> tuple[str, ...]:
    """Read every banned word."""
    return tuple((await connection.execute(select(banned_words.c.word))).scalars())


async def find_page(connection: AsyncConnection, part: Slice) -> tuple[list[str], str | None]:
    """Read a page of banned words in their order."""
    order = Order((banned_words.c.word,), newest_first=False)
    page = await read_page(connection, select(banned_words), order, part)
    return [row["word"] for row in page.rows], page.cursor


async def add(connection: AsyncConnection, word: str) -> None:
    """Insert a word; one that is there raises IntegrityError."""
    await connection.execute(insert(banned_words).values(word=word))


async def remove(connection: AsyncConnection, word: str) -> bool:
    """Delete a word; False when it was not there."""
    result = await connection.execute(delete(banned_words).where(banned_words.c.word == word))
    return result.rowcount > 0
