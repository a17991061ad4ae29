"""Find tasks of the caller's account. Somebody else's task does not exist."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotFound
from gesso.domain.search import Page, Search
from gesso.domain.task import Task
from gesso.storage import tasks
from gesso.storage.database import Database
from gesso.storage.reader import Reader


class Finder:
    """Reads tasks for callers."""

    def __init__(self, database: Database, reader: Reader) -> None:
        """Hold the database and the group reader."""
        self._database = database
        self._reader = reader

    async def find(self, key: ApiKey, task_id: int) -> Task | None:
        """Return one task, or None."""
        task = await self._reader.find(task_id)
        return task if task is not None and task.account_id == key.account_id else None

    async def find_any(self, task_id: int) -> Task | None:
        """Return a task of any account: only for holders of a signed link."""
        return await self._reader.find(task_id)

    async def get(self, key: ApiKey, task_id: int) -> Task:
        """Return one task; raises NotFound."""
        task = await self.find(key, task_id)
        if task is None:
            raise NotFound(f"no such task: {task_id}")
        return task

    async def search(self, key: ApiKey, wanted: Search) -> Page:
        """Return one page of the account's tasks that match."""
        async with self._database.reading() as connection:
            return await tasks.search(connection, key.account_id, wanted)

    async def find_many(self, key: ApiKey, ids: Sequence[int]) -> list[Task]:
        """Return the tasks that exist, in the order of `ids`."""
        found = await asyncio.gather(*(self.find(key, i) for i in dict.fromkeys(ids)))
        return [task for task in found if task is not None]

    async def newest(self, key: ApiKey, *, limit: int) -> list[Task]:
        """Return the account's tasks, newest first."""
        async with self._database.reading() as connection:
            return await tasks.find_of_account(connection, key.account_id, limit=limit)

    async def queue(self, key: ApiKey, *, limit: int) -> list[Task]:
        """Return the account's waiting and running tasks, oldest first."""
        async with self._database.reading() as connection:
            return await tasks.find_of_account(
                connection, key.account_id, limit=limit, open_only=True
            )
