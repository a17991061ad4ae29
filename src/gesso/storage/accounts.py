"""Rows of `accounts`. Only the ledger changes the two balance columns, through the unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.caller import Account
from gesso.kit.clock import millis, moment
from gesso.storage.limits import read_limits, write_limits
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import accounts

_FIELDS = (
    "id", "name", "available_nanos", "held_nanos", "enabled", "created_at", "limits", "price_group",
)  # fmt: skip
_SETTABLE = frozenset({"name", "enabled", "limits", "price_group"})
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


async def find_page(connection: AsyncConnection, part: Slice) -> tuple[list[Account], str | None]:
    """Read a page of accounts, newest first."""
    order = Order((accounts.c.created_at, accounts.c.id))
    page = await read_page(connection, _SELECT, order, part)
    return [_read([row[name] for name in _FIELDS]) for row in page.rows], page.cursor


async def change(connection: AsyncConnection, account_id: str, values: Mapping[str, Any]) -> None:
    """Store the name, the switch, limits or price group of an account; never a balance."""
    allowed = {name: values[name] for name in values if name in _SETTABLE}
    if "limits" in allowed:
        allowed["limits"] = write_limits(allowed["limits"])
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(**allowed))


_LOCK = Lookup(
    lambda ids: _SELECT.where(accounts.c.id.in_(ids)).order_by(accounts.c.id).with_for_update()
)


async def lock(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Account]:
    """Read accounts for update, in one order."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {row[0]: _read(row) for row in await _LOCK.rows(connection, wanted)}


def _read(row: Sequence[Any]) -> Account:
    """Read a row of `_SELECT`, by place."""
    id_, name, available_nanos, held_nanos, enabled, created_at, limits, price_group = row
    return Account(
        id_, name, available_nanos, held_nanos, bool(enabled), moment(created_at),
        read_limits(limits), price_group,
    )  # fmt: skip


_UPDATE = Prepared(
    update(accounts)
    .where(accounts.c.id == bindparam("key"))
    .values(available_nanos=bindparam("available"), held_nanos=bindparam("held")),
    ("available", "held", "key"),
)


async def update_balances(connection: AsyncConnection, changed: Sequence[Account]) -> None:
    """Store the balances that go with the ledger entries of the same transaction."""
    await _UPDATE.run(connection, [(a.available_nanos, a.held_nanos, a.id) for a in changed])
