"""The database: one engine for SQLite (WAL) or PostgreSQL, read and write connections.

SQLite has one writer by nature, so its write engine holds a single connection and begins
with BEGIN IMMEDIATE; readers use connections of their own and never wait for it.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gesso.kit import vault
from gesso.kit.vault import Vault

T = TypeVar("T")
Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]
Around = Callable[["Direct"], AbstractContextManager[None]]

#: Writers and readers each keep this many PostgreSQL connections at most.
_WRITERS, _READERS = 4, 8
#: Pages of the log from which it is written back to the file, in the thread that writes; and how
#: many commits of a loop may come before somebody looks (one writes some forty pages).
_LOG_PAGES, _COMMITS = 4000, 100


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
        times slower under load (bench `submits`). What does not wait for the disk happens in
        the loop itself, unless somebody else is writing (docs/decisions/0021).
        """
        if self.direct is None:
            async with self.writer.begin() as connection:
                if not lasting:
                    await connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                return await work(connection)
        async with self._writing:
            if not lasting:
                try:
                    return await self.direct.stay(work)
                except _Busy:
                    pass
            manner = _Manner.LASTING if lasting else _Manner.PATIENT
            return await self.direct.visit(work, functools.partial(_committing, manner=manner))

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


class _Manner(Enum):
    """How a transaction of SQLite ends, and whether it waits for other writers to begin."""

    LASTING = ("FULL", 10_000, _LOG_PAGES)  #: The disk has it.
    PATIENT = ("NORMAL", 10_000, _LOG_PAGES)  #: The operating system has it.
    PROMPT = ("NORMAL", 0, 0)  #: The same, and nothing in it waits.


class _Busy(Exception):
    """Another process is writing."""


class Visits:
    """A thread with a connection of its own, in which whole transactions run."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Connect at the first visit."""
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: Direct | None = None
        self._commits = 0  #: In the loop, since the log was last written back.

    async def stay(self, work: Work[T]) -> T:
        """Run a transaction here and now, in the loop; raises _Busy when it would have to wait.

        Nobody may be visiting meanwhile.
        """
        if self._commits >= _COMMITS:
            self._commits = 0
            await self.visit(_write_back, _looking)
        self._commits += 1
        return self._run(work, functools.partial(_committing, manner=_Manner.PROMPT))

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
            self._connection = Direct(self._engine.connect())
        try:
            with around(self._connection):
                return _drive(work(cast(AsyncConnection, self._connection)))
        except _Busy:
            raise
        except BaseException:
            # Whatever state it is in, the next visit begins with another one.
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Direct:
    """A connection to SQLite whose awaits are answered at once, by the thread it lives in."""

    def __init__(self, connection: Connection) -> None:
        """Wrap a connection of this thread."""
        self._connection = connection
        self.driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
        self.manner: _Manner | None = None  #: How its last transaction was to end.
        #: Another one whenever another connection has committed since the last transaction here.
        self.moment = object()
        self._version = -1
        self.dialect = connection.dialect

    def settle(self) -> None:
        """End what SQLAlchemy believes to be a transaction; it never began one."""
        if self._connection.in_transaction():
            self._connection.rollback()

    def look(self) -> None:
        """See, at the begin of a transaction, whether others have written."""
        (version,) = self.driver.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version, self.moment = version, object()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement of SQLAlchemy."""
        return self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str) -> Any:
        """Run a statement in the driver's own words."""
        return self._connection.exec_driver_sql(statement)

    def run(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement in the driver's own words once for each row."""
        try:
            self.driver.executemany(text, rows)
        except sqlite3.Error as error:
            raise _wrapped(text, error) from error

    def fetch(self, text: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Run a query in the driver's own words."""
        try:
            return self.driver.execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise _wrapped(text, error) from error


def _wrapped(text: str, error: sqlite3.Error) -> BaseException:
    """Return an error of the driver as SQLAlchemy raises it, without the values."""
    return DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True)


@contextmanager
def _committing(connection: Direct, *, manner: _Manner) -> Iterator[None]:
    """Begin, and commit at the end of the block; raises _Busy where that may not be waited for."""
    driver = connection.driver
    if connection.manner is not manner:
        # SQLite takes these between transactions only.
        synchronous, patience_ms, log_pages = manner.value
        driver.execute(f"PRAGMA synchronous={synchronous}")
        driver.execute(f"PRAGMA busy_timeout={patience_ms}")
        driver.execute(f"PRAGMA wal_autocheckpoint={log_pages}")
        connection.manner = manner
    try:
        # Taking the write lock at the start avoids a failed upgrade from read to write.
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if manner is _Manner.PROMPT and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise _Busy from error
        raise _wrapped("BEGIN IMMEDIATE", error) from error
    try:
        connection.look()
        yield
        driver.commit()
    except sqlite3.Error as error:
        raise _wrapped("COMMIT", error) from error
    finally:
        if driver.in_transaction:
            driver.rollback()
        connection.settle()


@contextmanager
def _looking(connection: Direct) -> Iterator[None]:
    """Let go, at the end of the block, of the moment that was looked at."""
    yield
    connection.settle()


async def _write_back(connection: AsyncConnection) -> None:
    """Write the log back to the file, as far as nobody reads it."""
    await connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")


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
    # The direct one begins by itself, see `_committing`.
    event.listen(writer.sync_engine, "begin", _begin_immediate)
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
        f"wal_autocheckpoint={_LOG_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
