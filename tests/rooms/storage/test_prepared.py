"""Prepared statements: rows in the caller's order reach their columns, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.app import House
from gesso.storage.prepared import Lookup, Prepared
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


_FIND = Lookup(
    lambda owners, sinces: (
        select(meters.c.owner, meters.c.amount)
        .where(meters.c.since.in_(sinces), meters.c.owner.in_(owners))
        .order_by(meters.c.owner)
    )
)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 200])
async def test_rows_are_found_by_lists_of_any_length(house: House, count: int) -> None:
    owners = [f"o{n:03d}" for n in range(count)]
    every = [(n, 60 + n % 2, "looked up", owner) for n, owner in enumerate(owners)]

    async def look(connection: AsyncConnection) -> list[tuple[str, int]]:
        rows = await _FIND.rows(connection, [*owners, "nobody"], [60])
        return [(owner, amount) for owner, amount in rows]

    async def work(connection: AsyncConnection) -> list[tuple[str, int]]:
        await _INSERT.run(connection, every)
        return await look(connection)

    wanted = [(owner, n) for n, since, _, owner in every if since == 60]
    # In the thread of the writer, and over an ordinary connection.
    assert await house.database.run(work) == wanted
    async with house.database.transaction() as connection:
        assert await look(connection) == wanted


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 63, 64, 65, 300, 601])
async def test_any_number_of_rows_is_inserted(house: House, count: int) -> None:
    rows = [(n, 60, f"many {count}", f"o{n:03d}") for n in range(count)]
    await house.database.run(lambda connection: _INSERT.run(connection, rows))
    async with house.database.reading() as connection:
        stored = select(meters.c.amount, meters.c.owner).where(meters.c.what == f"many {count}")
        found = (await connection.execute(stored.order_by(meters.c.owner))).all()
    assert [tuple(row) for row in found] == [(n, owner) for n, _, _, owner in rows]


async def test_a_refused_row_is_the_error_that_all_other_statements_raise(house: House) -> None:
    async def work(connection: AsyncConnection) -> None:
        await _INSERT.run(connection, [(1, 60, "twice", "secret"), (2, 60, "twice", "secret")])

    with pytest.raises(IntegrityError) as caught:
        await house.database.run(work)
    if not house.database.distributed:
        assert "secret" not in str(caught.value)
    # Nothing of it stays, and the thread goes on.
    async with house.database.reading() as connection:
        assert not (await connection.execute(select(meters).where(meters.c.what == "twice"))).all()
    await house.database.run(lambda connection: _INSERT.run(connection, [(1, 60, "twice", "a")]))
