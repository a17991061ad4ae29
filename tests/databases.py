"""Databases for tests: migrated once per process, then copied, which is far quicker."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from gesso.domain.ids import new_id
from gesso.storage import migrate
from gesso.storage.database import open_database

_TEMPLATE = "gesso_template"
#: What only helps after a power cut, or once tables are large.
_OFF = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")


def prepare_postgres(url: str) -> None:
    """Make a fresh server quick and give it the database that the others are copied from."""
    _run_apart(_prepare_postgres(url))


async def _prepare_postgres(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for name in _OFF:
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    finally:
        await connection.close()
    # A key that seals credentials is drawn into the data directory, which nobody needs here.
    with tempfile.TemporaryDirectory() as place:
        await _migrate(named(url, _TEMPLATE), Path(place))


@asynccontextmanager
async def postgres_database(server: str, *, migrated: bool = True) -> AsyncIterator[str]:
    """Create a database, migrated or empty, and return its URL; drop it at the end."""
    name = new_id("t")
    source = _TEMPLATE if migrated else "template1"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {source}')
        yield named(server, name)
        # By force: processes that a test has killed may still have their connections.
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def named(server: str, name: str) -> str:
    """Return the URL of one database of a server."""
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def place_sqlite(data_dir: Path) -> None:
    """Put a migrated SQLite database into a folder that has none yet."""
    file = data_dir / "gesso.db"
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_sqlite_template())


@cache
def _sqlite_template() -> bytes:
    with TemporaryDirectory() as folder:
        _run_apart(_migrate("", Path(folder)))
        return (Path(folder) / "gesso.db").read_bytes()


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run it to its end in a thread of its own: the caller's has a running event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _migrate(url: str, data_dir: Path) -> None:
    database = open_database(url, data_dir)
    await migrate.migrate(database)
    await database.close()
