"""The queue: enqueuing twice is harmless, and memory does not grow with finished tasks."""

from __future__ import annotations

import dataclasses

import pytest

from gesso.storage import jobs
from gesso.storage.jobs import EmbeddedJobs, PostgresJobs
from tests.databases import postgres_database
from tests.rooms.providers.mjproxy.jobs import task

pytestmark = pytest.mark.anyio
MANY = [dataclasses.replace(task(), id=number) for number in range(1, 60)]


async def size(embedded: EmbeddedJobs) -> int:
    pgq = await embedded.open_worker()
    return sum(row.count for row in await pgq.qm.queries.queue_size())


async def test_an_embedded_job_runs_only_after_its_commit() -> None:
    embedded = EmbeddedJobs()
    assert await embedded.enqueue(None, MANY[:3]) == []  # type: ignore[arg-type]
    assert await size(embedded) == 0
    await embedded.committed(MANY[:3])
    await embedded.committed(MANY[:4])
    assert await size(embedded) == 4


async def test_a_cancelled_job_is_taken_out() -> None:
    embedded = EmbeddedJobs()
    await embedded.committed(MANY[:3])
    await embedded.cancel([MANY[1], MANY[40]])
    assert await size(embedded) == 2
    await embedded.cancel([MANY[1]])


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_REMEMBER", 10)
    monkeypatch.setattr(jobs, "_HISTORY", 20)
    embedded = EmbeddedJobs()
    for one in MANY:
        await embedded.committed([one])
    assert len(embedded._ids) == 10
    assert MANY[-1].id in embedded._ids
    pgq = await embedded.open_worker()
    assert len(await pgq.qm.queries.queue_log()) < 20
    assert await size(embedded) == len(MANY)


async def test_installing_twice_is_harmless(postgres: str) -> None:
    async with postgres_database(postgres, migrated=False) as dsn:
        await jobs.install(dsn)
        await jobs.install(dsn)
        shared = PostgresJobs(dsn)
        await shared.cancel([task()])  # It has no job; nothing is asked of the database.
        pgq = await shared.open_worker()
        assert await pgq.qm.queries.queue_size() == []
        await shared.close()
