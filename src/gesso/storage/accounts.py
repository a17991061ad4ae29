"""Rows of `accounts`. Only the ledger changes the two balance columns, through the unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.caller import Account
from gesso.kit.clock import millis
from gesso.storage.limits import read_limits, write_limits
from gesso.storage.paging import Order, Slice, read_page
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
    return [_read(row) for row in rows.mappings()]


async def find_page(connection: AsyncConnection, part: Slice) -> tuple[list[Account], str | None]:
    """Read a page of accounts, newest first."""
    order = Order((accounts.c.created_at, accounts.c.id))
    page = await read_page(connection, _SELECT, order, part)
    return [_read(row) for row in page.rows], page.cursor


async def change(connection: AsyncConnection, account_id: str, values: Mapping[str, Any]) -> None:
    """Store the name, the switch, limits or price group of an account; never a balance."""
    allowed = {name: values[name] for name in values if name in _SETTABLE}
    if "limits" in allowed:
        allowed["limits"] = write_limits(allowed["limits"])
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(**allowed))


# Built once: building a statement takes three times as long as running it.
_LOCK = (
    _SELECT.where(accounts.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(accounts.c.id)
    .with_for_update()
)


async def lock(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Account]:
    """Read accounts for update, in one order."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await connection.execute(_LOCK, {"ids": wanted})
    return {row["id"]: _read(row) for row in rows.mappings()}


def _read(row: Any) -> Account:
    created_at = datetime.fromtimestamp(row["created_at"] / 1000, UTC)
    read = {"enabled": bool(row["enabled"]), "limits": read_limits(row["limits"])}
    return Account(**dict(row) | read | {"created_at": created_at})


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
