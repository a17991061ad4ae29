"""Set or take away the bookmark of a finished task: the one button that makes no task."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gesso.domain.task import Task
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer


class Bookmarker:
    """Turns bookmarks over for callers."""

    def __init__(self, writer: Writer) -> None:
        """Hold the writer."""
        self._writer = writer

    async def turn(self, task: Task) -> Task:
        """Set the bookmark of a task, or take it away; returns the task as it is now."""
        return await self._writer.write(Bookmark(task.id))


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Turn a task's bookmark over."""

    task_id: int

    @property
    def needs(self) -> Needs:
        """The task."""
        return Needs(tasks=(self.task_id,))

    def apply(self, unit: Unit) -> Task:
        """Store the new state beside the result; nobody is called back."""
        task = unit.tasks[self.task_id]
        bookmarked = not task.result.get("bookmarked")
        task = replace(task, result={**task.result, "bookmarked": bookmarked})
        unit.save_task(task)
        return task
