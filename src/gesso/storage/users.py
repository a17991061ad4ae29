"""Rows of `users`: people who may log in, by an Argon2-hashed password or an issuer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.caller import Role, User
from gesso.kit.clock import millis
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import users


async def create(
    connection: AsyncConnection,
    user: User,
    password_hash: str | None,
    subject: str | None,
    now: datetime,
) -> None:
    """Insert a user; a taken name or subject raises IntegrityError."""
    await connection.execute(
        insert(users).values(
            id=user.id,
            account_id=user.account_id,
            name=user.name,
            role=user.role.value,
            password_hash=password_hash,
            subject=subject,
            created_at=millis(now),
        )
    )


async def find(connection: AsyncConnection, user_id: str) -> User | None:
    """Read and lock one user by id."""
    return await _first(connection, users.c.id == user_id)


async def find_by_subject(connection: AsyncConnection, subject: str) -> User | None:
    """Read a user by the person of an issuer that they are."""
    row = (await connection.execute(select(users).where(users.c.subject == subject))).mappings()
    found = row.first()
    return None if found is None else _read(found)


async def find_by_name(connection: AsyncConnection, name: str) -> tuple[User, str | None] | None:
    """Read a user by name, with the hash of the password."""
    row = (await connection.execute(select(users).where(users.c.name == name))).mappings().first()
    return None if row is None else (_read(row), row["password_hash"])


async def change(connection: AsyncConnection, user_id: str, values: Mapping[str, Any]) -> None:
    """Store changed columns of a user."""
    await connection.execute(update(users).where(users.c.id == user_id).values(**values))


async def remove(connection: AsyncConnection, user_id: str) -> None:
    """Delete a user."""
    await connection.execute(delete(users).where(users.c.id == user_id))


async def find_page(connection: AsyncConnection, part: Slice) -> tuple[list[User], str | None]:
    """Read a page of users, newest first."""
    order = Order((users.c.created_at, users.c.id))
    page = await read_page(connection, select(users), order, part)
    return [_read(row) for row in page.rows], page.cursor


async def _first(connection: AsyncConnection, where: ColumnElement[bool]) -> User | None:
    result = await connection.execute(select(users).where(where).with_for_update())
    row = result.mappings().first()
    return None if row is None else _read(row)


def _read(row: Any) -> User:
    return User(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        role=Role(row["role"]),
        has_password=row["password_hash"] is not None,
        linked=row["subject"] is not None,
        created_at=datetime.fromtimestamp(row["created_at"] / 1000, UTC),
    )
