"""The database: one engine for SQLite (WAL) or PostgreSQL, read and write connections.

SQLite has one writer by nature, so its write engine holds a single connection and begins
with BEGIN IMMEDIATE; readers use connections of their own and never wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

#: Writers and readers each keep this many PostgreSQL connections at most.
_WRITERS, _READERS = 4, 8


@dataclass(frozen=True, slots=True)
class Database:
    """Where gesso keeps its rows."""

    writer: AsyncEngine
    reader: AsyncEngine
    distributed: bool
    dsn: str  #: What asyncpg connects to; empty on SQLite.

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a write transaction; commits at the end, rolls back on an error."""
        async with self.writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reads only."""
        async with self.reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection whose statements all see the same moment."""
        async with self.writer.connect() as connection:
            if self.distributed:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.writer.dispose()
        await self.reader.dispose()


def open_database(url: str, data_dir: Path) -> Database:
    """Open PostgreSQL when `url` names it, else the SQLite file in `data_dir`."""
    if url:
        return _open_postgres(url)
    data_dir.mkdir(parents=True, exist_ok=True)
    return _open_sqlite(data_dir / "gesso.db")


def _open_postgres(url: str) -> Database:
    dsn = url.replace("postgres://", "postgresql://", 1)
    address = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    writer = create_async_engine(address, pool_size=_WRITERS, max_overflow=4, pool_pre_ping=True)
    reader = create_async_engine(
        address,
        pool_size=_READERS,
        pool_pre_ping=True,
        # Reads are single statements: a transaction around each would cost two more trips.
        isolation_level="AUTOCOMMIT",
    )
    return Database(writer, reader, True, dsn)


def _open_sqlite(path: Path) -> Database:
    address = f"sqlite+aiosqlite:///{path}"
    writer = create_async_engine(address, pool_size=1, max_overflow=0)
    reader = create_async_engine(address, pool_size=4, max_overflow=4, isolation_level="AUTOCOMMIT")
    for engine in (writer, reader):
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)

    @event.listens_for(writer.sync_engine, "begin")
    def begin_immediate(connection: Any) -> None:
        # Taking the write lock at the start avoids a failed upgrade from read to write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return Database(writer, reader, False, "")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN would come before ours.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        # FULL: a commit that was answered survives a power cut, not only a kill.
        "synchronous=FULL",
        "busy_timeout=10000",
        "cache_size=-65536",
        "temp_store=MEMORY",
        "wal_autocheckpoint=4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
