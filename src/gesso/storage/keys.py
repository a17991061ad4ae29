"""Rows of `keys`: client keys by their SHA-256; the key itself is nowhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.caller import ApiKey, Role
from gesso.kit.clock import millis
from gesso.storage.limits import read_limits, write_limits
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import accounts, keys


def draw(*, test: bool) -> str:
    """Draw a new key: 256 random bits behind the usual prefix."""
    return ("sk-test-" if test else "sk-") + secrets.token_urlsafe(32)


def digest(key: str) -> bytes:
    """Return what is stored of a key. Keys are random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


async def create(connection: AsyncConnection, key: ApiKey, secret: str, now: datetime) -> None:
    """Insert a key with the digest of its secret."""
    await connection.execute(
        insert(keys).values(
            id=key.id,
            account_id=key.account_id,
            user_id=key.user_id,
            name=key.name,
            digest=digest(secret),
            hint=key.hint,
            role=key.role.value,
            test=key.test,
            created_at=millis(now),
            expires_at=millis(key.expires_at),
            spend_limit_nanos=key.spend_limit_nanos,
            actions=msgspec.json.encode(key.actions).decode(),
            networks=msgspec.json.encode(key.networks).decode(),
            concurrency=key.concurrency,
            rate_per_minute=key.rate_per_minute,
            limits=write_limits(key.limits),
        )
    )


_SELECT = select(
    keys,
    accounts.c.enabled.label("account_enabled"),
    accounts.c.limits.label("account_limits"),
    accounts.c.price_group,
).join(accounts, accounts.c.id == keys.c.account_id)


async def find_by_secret(connection: AsyncConnection, secret: str, now: datetime) -> ApiKey | None:
    """Read the key that a client sent, or None.

    After a rotation the secret before it leads to the same key until the overlap is over.
    """
    found = digest(secret)
    before = and_(keys.c.old_digest == found, keys.c.old_until > millis(now))
    result = await connection.execute(_SELECT.where(or_(keys.c.digest == found, before)))
    row = result.mappings().first()
    return None if row is None else _read(row)


async def lock(connection: AsyncConnection, key_id: str) -> ApiKey | None:
    """Read one key for update, or None."""
    statement = _SELECT.where(keys.c.id == key_id).with_for_update(of=keys)
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else _read(row)


async def find_page(
    connection: AsyncConnection, where: Mapping[str, str], part: Slice
) -> tuple[list[ApiKey], str | None]:
    """Read a page of keys whose columns have the given values, newest first."""
    statement = _SELECT.where(*(keys.c[name] == value for name, value in where.items()))
    order = Order((keys.c.created_at, keys.c.id))
    page = await read_page(connection, statement, order, part)
    return [_read(row) for row in page.rows], page.cursor


async def find_of_user(connection: AsyncConnection, user_id: str) -> list[ApiKey]:
    """Read the keys of a user that are not revoked."""
    statement = _SELECT.where(keys.c.user_id == user_id, keys.c.revoked_at.is_(None))
    return [_read(row) for row in (await connection.execute(statement)).mappings()]


async def change(connection: AsyncConnection, key: ApiKey) -> None:
    """Store everything of a key that may change after it was made, but its secret."""
    await connection.execute(
        update(keys)
        .where(keys.c.id == key.id)
        .values(
            name=key.name,
            role=key.role.value,
            user_id=key.user_id,
            expires_at=millis(key.expires_at),
            spend_limit_nanos=key.spend_limit_nanos,
            actions=msgspec.json.encode(key.actions).decode(),
            networks=msgspec.json.encode(key.networks).decode(),
            concurrency=key.concurrency,
            rate_per_minute=key.rate_per_minute,
            limits=write_limits(key.limits),
        )
    )


async def lower(connection: AsyncConnection, key_id: str, role: Role) -> None:
    """Give a key another role."""
    await connection.execute(update(keys).where(keys.c.id == key_id).values(role=role.value))


async def rotate(
    connection: AsyncConnection, key_id: str, secret: str, hint: str, overlap_until: datetime
) -> None:
    """Give a key another secret; the one before works until `overlap_until`."""
    await connection.execute(
        update(keys)
        .where(keys.c.id == key_id)
        .values(
            old_digest=keys.c.digest,
            old_until=millis(overlap_until),
            digest=digest(secret),
            hint=hint,
        )
    )


async def find_all(connection: AsyncConnection) -> list[ApiKey]:
    """Read every key, oldest first."""
    rows = (await connection.execute(_SELECT.order_by(keys.c.created_at))).mappings()
    return [_read(row) for row in rows]


async def count(connection: AsyncConnection) -> int:
    """Count the keys; a fresh installation has none."""
    return int((await connection.execute(select(func.count()).select_from(keys))).scalar_one())


async def revoke(connection: AsyncConnection, key_id: str, now: datetime) -> bool:
    """Switch a key off for good; False when there is no such key that still worked."""
    result = await connection.execute(
        update(keys)
        .where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
        .values(revoked_at=millis(now))
    )
    return result.rowcount > 0


_LOCK_SPENT = Lookup(
    lambda ids: (
        select(keys.c.id, keys.c.spent_nanos)
        .where(keys.c.id.in_(ids))
        .order_by(keys.c.id)
        .with_for_update()
    )
)


async def lock_spent(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, int]:
    """Read what keys have spent, for update, in one order."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {key_id: spent for key_id, spent in await _LOCK_SPENT.rows(connection, wanted)}


_UPDATE = Prepared(
    update(keys).where(keys.c.id == bindparam("key")).values(spent_nanos=bindparam("spent")),
    ("key", "spent"),
)


async def update_spent(connection: AsyncConnection, changed: Sequence[tuple[str, int]]) -> None:
    """Store what keys have spent, in the transaction of the ledger entries."""
    await _UPDATE.run(connection, changed)


def _read(row: Any) -> ApiKey:
    return ApiKey(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        hint=row["hint"],
        role=Role(row["role"]),
        test=bool(row["test"]),
        account_enabled=bool(row["account_enabled"]),
        expires_at=_moment(row["expires_at"]),
        revoked_at=_moment(row["revoked_at"]),
        spend_limit_nanos=row["spend_limit_nanos"],
        spent_nanos=row["spent_nanos"],
        actions=tuple(msgspec.json.decode(row["actions"])),
        networks=tuple(msgspec.json.decode(row["networks"])),
        concurrency=row["concurrency"],
        rate_per_minute=row["rate_per_minute"],
        limits=read_limits(row["limits"]),
        account_limits=read_limits(row["account_limits"]),
        price_group=row["price_group"],
        user_id=row["user_id"],
        created_at=_moment(row["created_at"]),
        overlap_until=_moment(row["old_until"]),
    )


def _moment(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)
