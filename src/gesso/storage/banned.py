"""Rows of `banned_words`: words that the operator added while gesso runs, in groups."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import banned_words


@dataclass(frozen=True, slots=True)
class Word:
    """A banned word."""

    word: str
    group: str = ""  #: Words of one group are switched on and off together.
    enabled: bool = True


async def find_all(connection: AsyncConnection) -> tuple[str, ...]:
    """Read every banned word that is not switched off."""
    statement = select(banned_words.c.word).where(banned_words.c.enabled)
    return tuple((await connection.execute(statement)).scalars())


async def find_page(
    connection: AsyncConnection, part: Slice, group: str | None = None
) -> tuple[list[Word], str | None]:
    """Read a page of banned words in their order, of one group or of all."""
    order = Order((banned_words.c.word,), newest_first=False)
    statement = select(banned_words)
    if group is not None:
        statement = statement.where(banned_words.c.list_name == group)
    page = await read_page(connection, statement, order, part)
    found = [Word(r["word"], r["list_name"], bool(r["enabled"])) for r in page.rows]
    return found, page.cursor


async def add(connection: AsyncConnection, word: Word) -> None:
    """Insert a word; one that is there raises IntegrityError."""
    values = {"word": word.word, "list_name": word.group, "enabled": word.enabled}
    await connection.execute(insert(banned_words).values(values))


async def switch(connection: AsyncConnection, group: str, enabled: bool) -> int:
    """Switch the words of a group on or off; returns how many there are."""
    statement = update(banned_words).where(banned_words.c.list_name == group)
    return (await connection.execute(statement.values(enabled=enabled))).rowcount


async def remove(connection: AsyncConnection, word: str) -> bool:
    """Delete a word; False when it was not there."""
    result = await connection.execute(delete(banned_words).where(banned_words.c.word == word))
    return result.rowcount > 0
