"""Rows of `meters`: how much a key or an account used in a window of time.

Whoever writes one holds the lock of the account, so that no two processes count at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.limits import MONEY, Meter
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import meters

_NAME = (meters.c.owner, meters.c.what, meters.c.since)
#: So many windows are looked for by one statement.
_MOST = 64


def _any_of(
    owners: Sequence[Any], whats: Sequence[Any], sinces: Sequence[Any]
) -> Select[*tuple[Any, ...]]:
    # Each by itself: SQLite makes a table of a list of rows first, which takes ten times as long.
    names = zip(owners, whats, sinces, strict=True)
    each = [and_(*(column == key for column, key in zip(_NAME, n, strict=True))) for n in names]
    return select(*_NAME, meters.c.amount).where(or_(*each))


_FIND = Lookup(_any_of)


def _saving(insert: Any) -> Prepared:
    statement = insert(meters)
    statement = statement.on_conflict_do_update(
        index_elements=["owner", "what", "since"], set_={"amount": statement.excluded.amount}
    )
    return Prepared(statement, ("owner", "what", "since", "amount"))


_SAVE = {"sqlite": _saving(sqlite_insert), "postgresql": _saving(postgres_insert)}


async def find(connection: AsyncConnection, wanted: Iterable[Meter]) -> dict[Meter, int]:
    """Read what was counted; 0 where nothing was."""
    found = dict.fromkeys(wanted, 0)
    names = list(found)
    for start in range(0, len(names), _MOST):
        columns = zip(*names[start : start + _MOST], strict=True)
        for owner, what, since, amount in await _FIND.rows(connection, *columns):
            found[owner, what, since] = int(amount)
    return found


async def save(connection: AsyncConnection, changed: Iterable[tuple[Meter, int]]) -> None:
    """Store what was counted."""
    rows = [(*name, amount) for name, amount in sorted(changed)]
    if rows:
        await _SAVE[connection.dialect.name].run(connection, rows)


async def forget_before(connection: AsyncConnection, moment: datetime) -> None:
    """Forget minutes that are over; sums of money stay, there are few of them."""
    over = meters.c.since < int(moment.timestamp())
    money = [what.value for what in MONEY]
    await connection.execute(delete(meters).where(over, meters.c.what.not_in(money)))
