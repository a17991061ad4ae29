"""Queue jobs: PgQueuer on PostgreSQL, PgQueuer's in-memory queue when embedded.

A job is only a wake-up for a task: its payload is the task id, its entrypoint the channel
and its dedupe key both together, so that enqueuing twice is harmless. On PostgreSQL the
job is inserted by the transaction that stores the task. The in-memory queue is filled after
the commit and, after a crash, again from the tasks table: one code path serves both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.adapters.inmemory import InMemoryDriver
from pgqueuer.adapters.inmemory.queries import InMemoryQueries
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.models import utc_now
from pgqueuer.domain.settings import db_settings
from pgqueuer.domain.types import Channel, QueueEntrypoint
from pgqueuer.queries import Queries
from pgqueuer.types import JobId
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import Task


class Jobs(Protocol):
    """The queue as the unit of work and the worker see it."""

    async def enqueue(self, connection: AsyncConnection, waiting: Sequence[Task]) -> list[int]:
        """Add jobs inside the transaction; returns their ids, or nothing when embedded."""

    async def committed(self, waiting: Sequence[Task]) -> None:
        """Hear that the transaction that enqueued these tasks was committed."""

    async def cancel(self, cancelled: Sequence[Task]) -> None:
        """Take waiting jobs out of the queue and stop running ones."""

    async def open_worker(self) -> PgQueuer:
        """Return a PgQueuer that runs jobs from this queue."""

    async def close(self) -> None:
        """Give back connections."""


def _columns(waiting: Sequence[Task]) -> dict[str, Any]:
    return {
        "entrypoint": [t.channel_id or "" for t in waiting],
        "payload": [str(t.id).encode() for t in waiting],
        "priority": [t.lane.rank(t.turn) for t in waiting],
        # With the channel: a task that moves to another one needs a job there.
        "dedupe_key": [f"{t.id}@{t.channel_id}" for t in waiting],
    }


#: Most jobs whose ids are remembered for a cancel, and most jobs between two cleanings of the
#: in-memory queue's own history: both would grow with every task for ever.
_REMEMBER, _HISTORY = 50_000, 1_000


@dataclass
class _Queries(InMemoryQueries):
    """The in-memory queue, asked whether anything waits without counting all that does."""

    async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        """Return 1 when a job may start, else 0: the caller compares with nothing but 0.

        Counting was a tenth of the gateway's time with ten thousand waiting (bench `submits`).
        """
        wanted, now = set(entrypoints), utc_now()
        return any(
            job["status"] == "queued"
            and job["entrypoint"] in wanted
            and job["execute_after"] <= now
            for job in self._jobs.values()
        )


class EmbeddedJobs:
    """The in-memory queue of one process."""

    def __init__(self) -> None:
        """Start empty; whoever owns the process refills it from the tasks table."""
        driver = InMemoryDriver()
        # As PgQueuer.in_memory builds it, but for the queries.
        self._pgq = PgQueuer(
            connection=driver, channel=Channel(db_settings().channel), queries=_Queries(driver)
        )
        self._ids: dict[int, JobId] = {}
        self._since_cleaning = 0

    async def enqueue(self, connection: AsyncConnection, waiting: Sequence[Task]) -> list[int]:
        """Do nothing yet: a job must not run before its task is committed."""
        return []

    async def committed(self, waiting: Sequence[Task]) -> None:
        """Push the jobs of committed tasks."""
        queries = self._pgq.qm.queries
        ids = await queries.enqueue(**_columns(waiting), on_conflict="skip")
        self._ids |= {t.id: i for t, i in zip(waiting, ids, strict=True) if i is not None}
        while len(self._ids) > _REMEMBER:
            del self._ids[next(iter(self._ids))]
        self._since_cleaning += len(waiting)
        if self._since_cleaning >= _HISTORY:
            self._since_cleaning = 0
            await cast(InMemoryQueries, queries).clear_queue_log()

    async def cancel(self, cancelled: Sequence[Task]) -> None:
        """Take jobs out and stop those that run."""
        ids = [self._ids[t.id] for t in cancelled if t.id in self._ids]
        if ids:
            await self._pgq.qm.queries.mark_job_as_cancelled(ids)
        self.forget([t.id for t in cancelled])

    def forget(self, task_ids: Sequence[int]) -> None:
        """Drop what is remembered of finished tasks."""
        for task_id in task_ids:
            self._ids.pop(task_id, None)

    async def open_worker(self) -> PgQueuer:
        """Return the queue itself: there is one process."""
        return self._pgq

    async def close(self) -> None:
        """Nothing to give back."""


class PostgresJobs:
    """The queue that all processes share."""

    def __init__(self, dsn: str) -> None:
        """Remember where the database is."""
        self._dsn = dsn
        self._connections: list[asyncpg.Connection] = []
        self._queries: Queries | None = None

    async def enqueue(self, connection: AsyncConnection, waiting: Sequence[Task]) -> list[int]:
        """Insert jobs by the transaction of `connection`."""
        if not waiting:
            return []
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        ids = await Queries(AsyncpgDriver(raw)).enqueue(
            **_columns(waiting), on_conflict="update_priority"
        )
        return [int(i) for i in ids]

    async def committed(self, waiting: Sequence[Task]) -> None:
        """Do nothing: the jobs became visible with the commit, and workers were notified."""

    async def cancel(self, cancelled: Sequence[Task]) -> None:
        """Take jobs out and tell the workers to stop those that run."""
        ids = [JobId(t.queue_job_id) for t in cancelled if t.queue_job_id is not None]
        if ids:
            if self._queries is None:
                self._queries = Queries(AsyncpgDriver(await self._connect()))
            await self._queries.mark_job_as_cancelled(ids)

    async def open_worker(self) -> PgQueuer:
        """Open a worker on a connection of its own."""
        return PgQueuer.from_asyncpg_connection(await self._connect())

    async def close(self) -> None:
        """Close the connections."""
        for connection in self._connections:
            await connection.close()

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self._dsn)
        self._connections.append(connection)
        return connection


async def install(dsn: str) -> None:
    """Create or upgrade PgQueuer's own tables; safe to call again."""
    connection = await asyncpg.connect(dsn)
    try:
        queries = Queries(AsyncpgDriver(connection))
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
    finally:
        await connection.close()
