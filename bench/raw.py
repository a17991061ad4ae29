"""The database alone: what it can insert, rows to read, and waiting for its tasks to end."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from gesso.domain import ids
from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.services.administer import FIRST_ACCOUNT
from gesso.storage import tasks
from gesso.storage.database import open_database
from gesso.storage.schema import tasks as table

_BATCH = 64


def _task(status: TaskStatus) -> Task:
    now, task_id = datetime.now(UTC), ids.new_task_id()
    return Task(
        task_id, FIRST_ACCOUNT, "bench", Action.IMAGINE, status, Lane.FAST, now,
        prompt="a red fox in the snow --ar 3:2", final_prompt="a red fox in the snow --ar 3:2",
        description="/imagine a red fox in the snow --ar 3:2", job_hash=ids.write_uuid(task_id),
        progress=100, finished_at=now, order={"seed": 1, "version": "", "pictures": []},
    )  # fmt: skip


async def raw_inserts(url: str, data_dir: Path, *, seconds: float) -> float:
    """Return task rows per second by bare inserts, one commit for as many as connections."""
    database = open_database(url, data_dir)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        rows = [_task(TaskStatus.FAILED) for _ in range(_BATCH)]
        async with database.transaction() as connection:
            await tasks.insert_all(connection, rows)
        count += _BATCH
    took = time.perf_counter() - started
    await database.close()
    return count / took


async def fill(url: str, data_dir: Path, rows: int) -> list[int]:
    """Insert finished tasks and return some of their ids."""
    database = open_database(url, data_dir)
    kept: list[int] = []
    for _ in range(0, rows, 5000):
        new = [_task(TaskStatus.FAILED) for _ in range(5000)]
        async with database.transaction() as connection:
            await tasks.insert_all(connection, new)
        kept += [t.id for t in new[:100]]
    await database.close()
    return kept


async def wait_for_all(url: str, data_dir: Path, *, limit_s: float) -> None:
    """Wait until no task is open."""
    database = open_database(url, data_dir)
    done = [TaskStatus.SUCCEEDED.value, TaskStatus.FAILED.value]
    statement = select(func.count()).where(table.c.status.not_in(done))
    async with asyncio.timeout(limit_s):
        while True:
            async with database.reading() as connection:
                if not (await connection.execute(statement)).scalar_one():
                    break
            await asyncio.sleep(0.1)
    await database.close()
