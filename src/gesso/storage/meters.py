"""Rows of `meters`: how much a key or an account used in a window of time.

Whoever writes one holds the lock of the account, so that no two processes count at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.limits import MONEY, Meter
from gesso.storage.schema import meters

_NAME = (meters.c.owner, meters.c.what, meters.c.since)
_FIND = select(*_NAME, meters.c.amount).where(
    tuple_(*_NAME).in_(bindparam("names", expanding=True))
)


def _saving(insert: Any) -> Any:
    statement = insert(meters)
    return statement.on_conflict_do_update(
        index_elements=["owner", "what", "since"], set_={"amount": statement.excluded.amount}
    )


_SAVE = {"sqlite": _saving(sqlite_insert), "postgresql": _saving(postgres_insert)}


async def find(connection: AsyncConnection, wanted: Iterable[Meter]) -> dict[Meter, int]:
    """Read what was counted; 0 where nothing was."""
    found = dict.fromkeys(wanted, 0)
    if found:
        for owner, what, since, amount in await connection.execute(_FIND, {"names": list(found)}):
            found[owner, what, since] = int(amount)
    return found


async def save(connection: AsyncConnection, changed: Mapping[Meter, int]) -> None:
    """Store what was counted."""
    if not changed:
        return
    rows = [
        {"owner": owner, "what": what, "since": since, "amount": amount}
        for (owner, what, since), amount in sorted(changed.items())
    ]
    await connection.execute(_SAVE[connection.dialect.name], rows)


async def forget_before(connection: AsyncConnection, moment: datetime) -> None:
    """Forget minutes that are over; sums of money stay, there are few of them."""
    over = meters.c.since < int(moment.timestamp())
    money = [what.value for what in MONEY]
    await connection.execute(delete(meters).where(over, meters.c.what.not_in(money)))
