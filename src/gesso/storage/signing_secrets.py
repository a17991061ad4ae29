"""Rows of `signing_secrets`: what callbacks of a key or an account are signed with.

An owner has one secret in force and, for a while after a rotation, the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.kit.clock import millis
from gesso.storage.schema import signing_secrets as table


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """One secret of a key or an account; `retires_at` is set by the rotation after it."""

    id: str
    owner_id: str
    secret: str
    created_at: datetime
    retires_at: datetime | None = None


async def create(connection: AsyncConnection, made: SigningSecret) -> None:
    """Insert a secret."""
    await connection.execute(
        insert(table).values(
            id=made.id,
            owner_id=made.owner_id,
            secret=made.secret,
            created_at=millis(made.created_at),
        )
    )


async def retire(
    connection: AsyncConnection, owner_id: str, until: datetime, now: datetime
) -> None:
    """Let the secrets in force sign until `until`, and forget those whose time is over."""
    await connection.execute(
        delete(table).where(table.c.owner_id == owner_id, table.c.retires_at <= millis(now))
    )
    later = or_(table.c.retires_at.is_(None), table.c.retires_at > millis(until))
    await connection.execute(
        update(table).where(table.c.owner_id == owner_id, later).values(retires_at=millis(until))
    )


async def remove_all(connection: AsyncConnection, owner_id: str) -> None:
    """Remove every secret of an owner."""
    await connection.execute(delete(table).where(table.c.owner_id == owner_id))


async def find_valid(
    connection: AsyncConnection, owner_ids: Iterable[str], now: datetime
) -> Mapping[str, list[SigningSecret]]:
    """Read the secrets that sign now, by owner, the newest first."""
    wanted = sorted(set(owner_ids))
    statement = (
        select(table)
        .where(table.c.owner_id.in_(wanted))
        .where(or_(table.c.retires_at.is_(None), table.c.retires_at > millis(now)))
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    found: dict[str, list[SigningSecret]] = {}
    for row in (await connection.execute(statement)).mappings() if wanted else ():
        found.setdefault(row["owner_id"], []).append(
            SigningSecret(
                row["id"],
                row["owner_id"],
                row["secret"],
                _moment(row["created_at"]),
                None if row["retires_at"] is None else _moment(row["retires_at"]),
            )
        )
    return found


def _moment(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)
