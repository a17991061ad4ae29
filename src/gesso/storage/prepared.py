"""The statements of every commit, compiled once and handed to the driver as they are.

SQLAlchemy looks each statement up, reads each row of values by name and wraps what comes back:
for a lookup of one row that is twenty times what SQLite itself takes, and a group commit is a
dozen of them. Here a statement is still written as all others are; its text is kept, and
values and rows are plain tuples.

For columns whose types need no conversion: texts, numbers, bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement

from gesso.storage.database import Direct

_Pick = Callable[[Any], tuple[Any, ...]]
#: Most values of one statement that every SQLite takes.
_VALUES = 999
#: So many rows are a statement of their own; a call and its end make three postings.
_FEW = 8


class Prepared:
    """An insert or update that runs for many rows."""

    def __init__(self, statement: ClauseElement, names: Sequence[str]) -> None:
        """Take a statement and the names of its values, in the order of the rows to come.

        Of an insert the names are columns, of an update the names of bound parameters.
        """
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, _Pick | None, str]] = {}
        self._wide: dict[int, str] = {}

    async def run(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run it once for each row."""
        if not rows:
            return
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        text, pick, group = found
        if pick is not None:
            rows = list(map(pick, rows))
        if not isinstance(connection, Direct):
            await connection.exec_driver_sql(text, rows)
        elif len(rows) > 1 and group:
            self._insert(connection, text, group, rows)
        else:
            connection.run(text, rows)

    def _insert(
        self, connection: Direct, text: str, group: str, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        # SQLite begins and ends each statement at a third of what a row costs: so many rows
        # to a statement, a few or else a power of two, of which there are few texts.
        most, at = _VALUES // len(self._names), 0
        while at < len(rows):
            size = min(most, len(rows) - at)
            if size > _FEW:
                size = 1 << size.bit_length() - 1
            wide = self._wide.get(size)
            if wide is None:
                wide = self._wide[size] = text + f", {group}" * (size - 1)
            connection.run(wide, [tuple(chain.from_iterable(rows[at : at + size]))])
            at += size

    def _compile(self, dialect: Dialect) -> tuple[str, _Pick | None, str]:
        text, wanted = _compile(self._statement, dialect, self._names)
        pick = _picking([self._names.index(name) for name in wanted], len(self._names))
        return text, pick, _group_of(text)


class Lookup:
    """A select by lists of keys."""

    def __init__(self, build: Callable[..., Select[*tuple[Any, ...]]]) -> None:
        """Take what builds it; each of its arguments is a list for `in_`."""
        self._build = build
        self._compiled: dict[tuple[str, tuple[int, ...]], tuple[str, _Pick | None]] = {}

    async def rows(
        self, connection: AsyncConnection, *lists: Sequence[Any]
    ) -> Sequence[tuple[Any, ...]]:
        """Return the rows whose keys are in the lists, of which none is empty."""
        # Lists grow to the next power of two by their last key: few lengths, few texts.
        sizes: tuple[int, ...] = ()
        values: tuple[Any, ...] = ()
        for keys in lists:
            count = len(keys)
            size = 1 << (count - 1).bit_length()
            sizes += (size,)
            values += tuple(keys)
            if size > count:
                values += (keys[-1],) * (size - count)
        dialect = connection.dialect
        found = self._compiled.get((dialect.name, sizes))
        if found is None:
            found = self._compiled[dialect.name, sizes] = self._compile(dialect, sizes)
        text, pick = found
        if pick is not None:
            values = pick(values)
        if isinstance(connection, Direct):
            return connection.fetch(text, values)
        return (await connection.exec_driver_sql(text, values)).all()

    def _compile(self, dialect: Dialect, sizes: tuple[int, ...]) -> tuple[str, _Pick | None]:
        names = [[f"k{place}_{n}" for n in range(size)] for place, size in enumerate(sizes)]
        lists: list[list[ColumnElement[Any]]] = [[bindparam(n) for n in some] for some in names]
        text, wanted = _compile(self._build(*lists), dialect, None)
        flat = [name for some in names for name in some]
        return text, _picking([flat.index(name) for name in wanted], len(flat))


def _compile(
    statement: ClauseElement, dialect: Dialect, columns: Sequence[str] | None
) -> tuple[str, list[str]]:
    """Return the text of a statement and the names of its values, in their order."""
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    # Both drivers count their parameters: `?` and `$1`.
    wanted: list[str] = compiled.positiontup  # type: ignore[attr-defined]
    return str(compiled), wanted


def _group_of(text: str) -> str:
    """Return the values of an insert to which those of more rows can be added, else nothing."""
    group = text.rpartition(" VALUES ")[2]
    return "" if group.strip("(?, )") else group


def _picking(places: Sequence[int], count: int) -> _Pick | None:
    """Return what puts values into another order; None when they are in it."""
    return None if list(places) == list(range(count)) else itemgetter(*places)
