"""Rows of `secrets`: random values that all processes of an installation share."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.storage import schema


async def get(connection: AsyncConnection, name: str) -> str:
    """Return a secret of 256 bits in hexadecimal, drawn the first time it is asked for."""
    row = {"name": name, "value": secrets.token_hex(32)}
    if connection.dialect.name == "sqlite":
        await connection.execute(sqlite_insert(schema.secrets).on_conflict_do_nothing(), row)
    else:
        await connection.execute(postgres_insert(schema.secrets).on_conflict_do_nothing(), row)
    statement = select(schema.secrets.c.value).where(schema.secrets.c.name == name)
    return str((await connection.execute(statement)).scalar_one())
