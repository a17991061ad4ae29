"""Catch up: who comes back to an event stream gets every snapshot that was committed meanwhile.

From its first stream on, each change of a task keeps what it replaced, in the commit of the
change (`storage.unit`). So it does not matter which process served the stream before, or
whether that one still lives.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gesso.domain.errors import NotFound
from gesso.domain.task import Task
from gesso.storage import snapshots
from gesso.storage.database import Database
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer

#: Snapshots told at once to who comes back, the newest ones; a life has about a hundred.
MOST = 256


@dataclass(frozen=True, slots=True)
class Keep:
    """Have what replaces a task's snapshots kept from now on."""

    task_id: int

    @property
    def needs(self) -> Needs:
        """The task."""
        return Needs(tasks=(self.task_id,))

    def apply(self, unit: Unit) -> Task:
        """Mark an open task, which is no change to tell of; return it as it is now."""
        task = unit.tasks.get(self.task_id)
        if task is None:
            raise NotFound(f"no such task: {self.task_id}")
        if not (task.watched or task.is_final):
            task = replace(task, watched=True)
            unit.save_task(task)
        return task


class CatchUp:
    """Keeps snapshots of tasks that are watched, and finds those that somebody missed."""

    def __init__(self, database: Database, writer: Writer) -> None:
        """Hold where snapshots are read, and who marks tasks."""
        self._database = database
        self._writer = writer

    async def keep(self, task: Task) -> Task:
        """Keep what is replaced from the returned task on; only the first stream writes."""
        if task.watched or task.is_final:
            return task
        # A power cut that takes the mark takes every later commit with it.
        return await self._writer.write(Keep(task.id), lasting=False)

    async def missed(self, task: Task, after: int | None) -> Sequence[Task]:
        """Return the snapshots between a version and the task as given, oldest first.

        The newest `MOST` of those that are still kept; none after no version.
        """
        if after is None or after + 1 >= task.version:
            return ()
        return await self._database.read(
            functools.partial(snapshots.find_between, after=after, task=task, limit=MOST)
        )
