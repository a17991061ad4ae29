"""A search for tasks, and a page of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gesso.domain.task import Action, Task, TaskStatus


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; empty parts match everything."""

    number: int = 0  #: Page, from 0.
    size: int = 10  #: Rows of a page.
    oldest_first: bool = False
    ids: tuple[int, ...] | None = None  #: Only these; an empty tuple finds nothing.
    statuses: tuple[TaskStatus, ...] = ()
    actions: tuple[Action, ...] = ()
    channel_id: str = ""
    contains: Mapping[str, str] = field(default_factory=dict)  #: Text by field of the task.

    @property
    def conditions(self) -> tuple[object, ...]:
        """What decides which tasks match; the same for every page of a search."""
        contains = tuple(sorted(self.contains.items()))
        return (self.ids, self.statuses, self.actions, self.channel_id, contains)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the tasks that match a search."""

    tasks: tuple[Task, ...]
    total: int  #: Of all pages.
