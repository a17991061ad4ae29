"""Prepared statements: rows in the caller's order reach their columns, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, insert, select, update

from gesso.app import House
from gesso.storage.prepared import Prepared
from gesso.storage.schema import meters

pytestmark = pytest.mark.anyio

#: Another order than the table's.
_INSERT = Prepared(insert(meters), ("amount", "since", "what", "owner"))
_UPDATE = Prepared(
    update(meters).where(meters.c.owner == bindparam("of")).values(amount=bindparam("new")),
    ("of", "new"),
)


async def test_rows_reach_their_columns(house: House) -> None:
    async def amounts() -> dict[str, tuple[str, int, int]]:
        async with house.database.reading() as connection:
            rows = await connection.execute(select(meters).where(meters.c.what == "prepared"))
            return {row.owner: (row.what, row.since, row.amount) for row in rows}

    async with house.database.transaction() as connection:
        await _INSERT.run(connection, [])
        await _INSERT.run(connection, [(5, 60, "prepared", "a"), (6, 120, "prepared", "b")])
    assert await amounts() == {"a": ("prepared", 60, 5), "b": ("prepared", 120, 6)}
    async with house.database.transaction() as connection:
        await _UPDATE.run(connection, [("a", 50), ("b", 60), ("nobody", 1)])
    assert await amounts() == {"a": ("prepared", 60, 50), "b": ("prepared", 120, 60)}
