"""Statements that run for many rows at a time, compiled once.

SQLAlchemy reads each row by name before the driver gets it, which costs as much as what the
database does with it. Here a row is a tuple in the order that the driver wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement


class Prepared:
    """An insert or update of plain columns, whose types need no conversion."""

    def __init__(self, statement: ClauseElement, names: Sequence[str]) -> None:
        """Take a statement and the names of its values, in the order of the rows to come.

        Of an insert the names are columns, of an update the names of bound parameters.
        """
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, itemgetter[Any] | None]] = {}

    async def run(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run it once for each row."""
        if not rows:
            return
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        text, pick = found
        await connection.exec_driver_sql(text, rows if pick is None else list(map(pick, rows)))

    def _compile(self, dialect: Dialect) -> tuple[str, itemgetter[Any] | None]:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        # Both drivers count their parameters: `?` and `$1`.
        wanted: list[str] = compiled.positiontup  # type: ignore[attr-defined]
        places = [self._names.index(name) for name in wanted]
        in_order = places == list(range(len(self._names)))
        return str(compiled), None if in_order else itemgetter(*places)
