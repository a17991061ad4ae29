"""Rows of `meters`: how much a key or an account used in a window of time.

Whoever writes one holds the lock of the account, so that no two processes count at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.limits import MONEY, Meter
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import meters

_NAME = (meters.c.owner, meters.c.what, meters.c.since)
# One column at a time: a few more rows than asked for are found faster than pairs of keys.
_FIND = Lookup(
    lambda owners, whats, sinces: select(*_NAME, meters.c.amount).where(
        meters.c.owner.in_(owners), meters.c.what.in_(whats), meters.c.since.in_(sinces)
    )
)


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
    if not found:
        return found
    owners, whats, sinces = (sorted(set(keys)) for keys in zip(*found, strict=True))
    for owner, what, since, amount in await _FIND.rows(connection, owners, whats, sinces):
        if (owner, what, since) in found:
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
