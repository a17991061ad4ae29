"""Bring a database to the schema that this program was written for (Alembic).

Alembic is loaded when something is missing: at every other start it would cost a fifth of a
second to find that nothing is.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.errors import SchemaMismatch
from gesso.storage import jobs
from gesso.storage.database import Database

#: Any number that no other program on the same PostgreSQL uses for its advisory locks.
_LOCK = 0x67657373


_MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(database: Database) -> str:
    """Apply what is missing and return the revision; safe to call from many processes."""
    if database.distributed:
        await jobs.install(database.dsn)
    async with database.reading() as connection:
        # The usual start: nothing is missing, so nobody has to wait for a lock.
        if await _revision(connection) == newest():
            return newest()
    async with database.transaction() as connection:
        if database.distributed:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        await connection.run_sync(_upgrade)
    return newest()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache
def newest() -> str:
    """Return the revision that this program needs: the number of its last migration."""
    return max(step.name[:4] for step in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


async def check(database: Database) -> None:
    """Raise SchemaMismatch when the database is at another revision."""
    async with database.reading() as connection:
        found = await _revision(connection)
    if found != newest():
        raise SchemaMismatch(
            f"the database is at revision {found or 'none'}, this program needs {newest()}; "
            "run `gesso migrate`"
        )


async def _revision(connection: AsyncConnection) -> str | None:
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
        return None
    return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
