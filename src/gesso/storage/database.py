"""The database: one engine for SQLite (WAL) or PostgreSQL, read and write connections.

SQLite has one writer by nature, so its write engine holds a single connection and begins
with BEGIN IMMEDIATE; readers use connections of their own and never wait for it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gesso.kit import vault
from gesso.kit.vault import Vault

T = TypeVar("T")
Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]
Around = Callable[[Connection], AbstractContextManager[None]]

#: Writers and readers each keep this many PostgreSQL connections at most.
_WRITERS, _READERS = 4, 8
#: Whether commits of a SQLite connection wait for the disk, as noted with the connection.
_LASTING = "gesso_lasting"


@dataclass(frozen=True, slots=True)
class Database:
    """Where gesso keeps its rows."""

    writer: AsyncEngine
    reader: AsyncEngine
    distributed: bool
    dsn: str  #: What asyncpg connects to; empty on SQLite.
    vault: Vault  #: Seals what the rows must not tell whoever copies them.
    direct: Visits | None = None  #: Writes of SQLite without a thread hop per statement.
    direct_reader: Visits | None = None  #: The same, for reads.
    #: SQLite has one writer: waiting here is fair, waiting in SQLite is sleeping.
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a write transaction; commits at the end, rolls back on an error."""
        if self.direct is None:
            async with self.writer.begin() as connection:
                yield connection
            return
        async with self._writing, self.writer.begin() as connection:
            yield connection

    async def run(self, work: Work[T], *, lasting: bool = True) -> T:
        """Run one write transaction that awaits nothing but its statements.

        Without `lasting` the commit does not wait for the disk: it survives the death of
        gesso, and a power cut may take it together with all that came after it.

        On SQLite all of it happens in one visit to the writer's thread. A busy event loop
        would otherwise let every statement wait for its turn, which made group commit four
        times slower under load (bench `submits`).
        """
        if self.direct is None:
            async with self.writer.begin() as connection:
                if not lasting:
                    await connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                return await work(connection)
        async with self._writing:
            return await self.direct.visit(work, functools.partial(_committing, lasting=lasting))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reads only."""
        async with self.reader.connect() as connection:
            yield connection

    async def read(self, work: Work[T]) -> T:
        """Run reads that await nothing but their statements; on SQLite in one visit to a thread.

        For what is asked for all the time: the visits of each other statement take longer
        than what it reads.
        """
        if self.direct_reader is None:
            async with self.reading() as connection:
                return await work(connection)
        return await self.direct_reader.visit(work, _looking)

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
        for visits in (self.direct, self.direct_reader):
            if visits is not None:
                await visits.close()


class Visits:
    """A thread with a connection of its own, in which whole transactions run."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Connect at the first visit."""
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: Connection | None = None

    async def visit(self, work: Work[T], around: Around) -> T:
        """Run statements in the thread, inside what `around` makes of its connection."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._run, work, around
        )

    async def close(self) -> None:
        """Close the connection, in its thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)
        self._engine.dispose()

    def _run(self, work: Work[T], around: Around) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with around(self._connection):
                return _drive(work(cast(AsyncConnection, _Direct(self._connection))))
        except BaseException:
            # Whatever state it is in, the next visit begins with another one.
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Direct:
    """A connection whose awaits are answered at once, by the thread it lives in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> Any:
        return self._connection.exec_driver_sql(statement, parameters)


@contextmanager
def _committing(connection: Connection, *, lasting: bool) -> Iterator[None]:
    """Begin, and commit at the end of the block, after the disk has it or before."""
    if connection.info.get(_LASTING, True) is not lasting:
        # SQLite takes this between transactions only.
        connection.connection.execute(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
        connection.info[_LASTING] = lasting
    with connection.begin():
        yield


@contextmanager
def _looking(connection: Connection) -> Iterator[None]:
    """Let go, at the end of the block, of the moment that was looked at."""
    yield
    connection.rollback()


def _drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never really waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    work.close()
    raise RuntimeError("a write transaction waited for something else than its statements")


def open_database(url: str, data_dir: Path, secret_key: str = "") -> Database:
    """Open PostgreSQL when `url` names it, else the SQLite file in `data_dir`.

    `secret_key` may list several keys; without one, the key of the data directory seals.
    """
    keys = [part.strip() for part in secret_key.split(",") if part.strip()]
    opened = Vault(keys or [vault.read_or_draw(data_dir / "secret.key")])
    if url:
        return _open_postgres(url, opened)
    data_dir.mkdir(parents=True, exist_ok=True)
    return _open_sqlite(data_dir / "gesso.db", opened)


def _open_postgres(url: str, vault: Vault) -> Database:
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
    return Database(writer, reader, True, dsn, vault)


def _open_sqlite(path: Path, vault: Vault) -> Database:
    address = f"sqlite+aiosqlite:///{path}"
    writer = create_async_engine(address, pool_size=1, max_overflow=0)
    reader = create_async_engine(address, pool_size=4, max_overflow=4, isolation_level="AUTOCOMMIT")
    direct = create_engine(
        f"sqlite:///{path}", pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
    )
    direct_reader = create_engine(
        f"sqlite:///{path}",
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        isolation_level="AUTOCOMMIT",
    )
    for engine in (writer.sync_engine, reader.sync_engine, direct, direct_reader):
        event.listen(engine, "connect", _prepare_sqlite)
    for engine in (writer.sync_engine, direct):
        event.listen(engine, "begin", _begin_immediate)
    visits = Visits(direct, "writer"), Visits(direct_reader, "reader")
    return Database(writer, reader, False, "", vault, *visits)


def _begin_immediate(connection: Connection) -> None:
    # Taking the write lock at the start avoids a failed upgrade from read to write.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


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
