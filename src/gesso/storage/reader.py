"""Group read: tasks asked for at the same moment are read with one statement.

What group commit is for writes. Ten thousand clients that poll their tasks cost a few
hundred statements a second, and an idle gateway answers with no delay at all.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import Task
from gesso.storage import tasks
from gesso.storage.database import Database

_BATCH = 500


class Reader:
    """Reads single tasks, many at a time."""

    def __init__(self, database: Database) -> None:
        """Hold the database."""
        self._database = database
        self._wanted: dict[int, list[asyncio.Future[Task | None]]] = {}
        self._running: asyncio.Task[None] | None = None

    async def find(self, task_id: int) -> Task | None:
        """Return a task as it was committed last, or None."""
        return await self._ask(task_id)

    async def find_many(self, ids: Iterable[int]) -> dict[int, Task]:
        """Return tasks by their id as they were committed last; missing ones are left out."""
        asked = [self._ask(task_id) for task_id in dict.fromkeys(ids)]
        found = await asyncio.gather(*asked)
        return {task.id: task for task in found if task is not None}

    def _ask(self, task_id: int) -> asyncio.Future[Task | None]:
        future: asyncio.Future[Task | None] = asyncio.get_running_loop().create_future()
        self._wanted.setdefault(task_id, []).append(future)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._serve())
        return future

    async def _serve(self) -> None:
        while self._wanted:
            ids = list(self._wanted)[:_BATCH]
            asked = {i: self._wanted.pop(i) for i in ids}
            try:
                found = await self._database.read(functools.partial(_find, ids))
            except Exception as error:
                for futures in asked.values():
                    for future in futures:
                        if not future.done():
                            future.set_exception(error)
                continue
            for task_id, futures in asked.items():
                for future in futures:
                    if not future.done():
                        future.set_result(found.get(task_id))


async def _find(ids: Sequence[int], connection: AsyncConnection) -> dict[int, Task]:
    return await tasks.find_all(connection, ids)
