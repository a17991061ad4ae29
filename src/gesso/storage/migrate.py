"""Bring a database to the schema that this program was written for (Alembic)."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.errors import SchemaMismatch
from gesso.storage import jobs
from gesso.storage.database import Database

#: Any number that no other program on the same PostgreSQL uses for its advisory locks.
_LOCK = 0x67657373


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def migrate(database: Database) -> str:
    """Apply what is missing and return the revision; safe to call from many processes."""
    if database.distributed:
        await jobs.install(database.dsn)
    async with database.reading() as connection:
        # The usual start: nothing is missing, so nobody has to wait for a lock.
        if await _revision(connection) == await asyncio.to_thread(newest):
            return newest()
    async with database.transaction() as connection:
        if database.distributed:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        await connection.run_sync(_upgrade)
    return newest()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache
def newest() -> str:
    """Return the revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def check(database: Database) -> None:
    """Raise SchemaMismatch when the database is at another revision."""
    async with database.reading() as connection:
        found = await _revision(connection)
    if found != await asyncio.to_thread(newest):
        raise SchemaMismatch(
            f"the database is at revision {found or 'none'}, this program needs {newest()}; "
            "run `gesso migrate`"
        )


async def _revision(connection: AsyncConnection) -> str | None:
    return await connection.run_sync(
        lambda sync: MigrationContext.configure(sync).get_current_revision()
    )
