"""Find tasks of the caller's account. Somebody else's task does not exist, or is refused."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence

from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAllowed, NotFound
from gesso.domain.search import Page, Search
from gesso.domain.task import Task
from gesso.storage import tasks
from gesso.storage.database import Database
from gesso.storage.reader import Reader

#: Totals of so many rows are counted once in this time, in seconds: nobody sees the difference,
#: and counting a million rows takes longer than everything else of a page.
_LARGE, _BELIEVE_S = 10_000, 5.0
#: Most totals kept at hand.
_KEEP = 1000


class Finder:
    """Reads tasks for callers."""

    def __init__(self, database: Database, reader: Reader) -> None:
        """Hold the database and the group reader."""
        self._database = database
        self._reader = reader
        self._totals: OrderedDict[object, tuple[float, int]] = OrderedDict()

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

    async def get_own(self, key: ApiKey, task_id: int) -> Task:
        """Return one task; raises NotFound, or NotAllowed for another account's.

        For wires that tell the two apart; ids cannot be guessed.
        """
        task = await self._reader.find(task_id)
        if task is None:
            raise NotFound(f"no such task: {task_id}")
        if task.account_id != key.account_id:
            raise _foreign()
        return task

    async def find_each_own(self, key: ApiKey, ids: Sequence[int]) -> dict[int, Task | NotAllowed]:
        """Return what `get_own` would return or raise by id; missing tasks are left out."""
        found = await self._reader.find_many(ids)
        return {
            i: task if task.account_id == key.account_id else _foreign()
            for i, task in found.items()
        }

    async def size_before(self, task: Task) -> tuple[int, int] | None:
        """Return width and height of the picture that a task works on, if there is one."""
        parent = await self._reader.find(task.parent_id) if task.parent_id else None
        wanted = task.parent_index if parent and len(parent.pictures) > 1 else 0
        found = [p for p in (parent.pictures if parent else ()) if p.position == wanted]
        return (found[0].width, found[0].height) if found else None

    async def family(self, task: Task, *, limit: int) -> list[Task]:
        """Return the first task that a task goes back to, and all that was made from it."""
        root = await self._reader.find(task.root_id) if task.root_id else None
        async with self._database.reading() as connection:
            return await tasks.find_family(connection, root or task, limit=limit)

    async def search(self, key: ApiKey, wanted: Search) -> Page:
        """Return one page of the account's tasks that match; a large total may be seconds old."""
        name = (key.account_id, wanted.conditions)
        since, total = self._totals.get(name, (0.0, None))
        if time.monotonic() - since >= _BELIEVE_S:
            total = None
        async with self._database.reading() as connection:
            page = await tasks.search(connection, key.account_id, wanted, total=total)
        if total is None and page.total >= _LARGE:
            self._totals[name] = (time.monotonic(), page.total)
            self._totals.move_to_end(name)
            if len(self._totals) > _KEEP:
                self._totals.popitem(last=False)
        return page

    async def find_many(self, key: ApiKey, ids: Sequence[int]) -> list[Task]:
        """Return the tasks that exist, in the order of `ids`."""
        found = await self._reader.find_many(ids)
        return [task for task in found.values() if task.account_id == key.account_id]

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


def _foreign() -> NotAllowed:
    return NotAllowed("this task belongs to another account")
