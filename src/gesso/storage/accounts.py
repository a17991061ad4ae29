"""Rows of `accounts`. Only the ledger changes the two balance columns, through the unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.caller import Account
from gesso.kit.clock import millis
from gesso.storage.schema import accounts

_FIELDS = ("id", "name", "available_nanos", "held_nanos", "enabled")
_SELECT = select(*(accounts.c[name] for name in _FIELDS))


async def create(connection: AsyncConnection, account: Account, now: datetime) -> None:
    """Insert an account; its balance starts at zero and grows by ledger entries only."""
    await connection.execute(
        insert(accounts).values(
            id=account.id, name=account.name, enabled=account.enabled, created_at=millis(now)
        )
    )


async def find_all(connection: AsyncConnection) -> list[Account]:
    """Read every account, oldest first."""
    rows = await connection.execute(_SELECT.order_by(accounts.c.created_at))
    return [_read(row) for row in rows]


async def lock(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Account]:
    """Read accounts for update, in one order."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    statement = _SELECT.where(accounts.c.id.in_(wanted)).order_by(accounts.c.id)
    rows = await connection.execute(statement.with_for_update())
    return {row.id: _read(row) for row in rows}


def _read(row: object) -> Account:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Account(**(values | {"enabled": bool(values["enabled"])}))


_UPDATE = (
    update(accounts)
    .where(accounts.c.id == bindparam("key"))
    .values(available_nanos=bindparam("available"), held_nanos=bindparam("held"))
)


async def update_balances(connection: AsyncConnection, changed: Sequence[Account]) -> None:
    """Store the balances that go with the ledger entries of the same transaction."""
    if changed:
        rows = [
            {"key": a.id, "available": a.available_nanos, "held": a.held_nanos} for a in changed
        ]
        await connection.execute(_UPDATE, rows)
