"""The last snapshots of watched tasks, so that whoever comes back gets what it missed.

In the memory of one process: at another one, or after very much else happened, a returning
watcher gets the newest snapshot, which says all that the older ones did.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict, deque

from gesso.domain.task import Task

#: Snapshots that are kept of all tasks together; the oldest one goes first.
_MOST = 4096
#: How long a task is followed after its last watcher left, in seconds.
_LINGER_S = 60.0


class Recent:
    """Keeps snapshots in the order in which they were shown."""

    def __init__(self, *, most: int = _MOST, linger_s: float = _LINGER_S) -> None:
        """Start with none."""
        self._most = most
        self._linger_s = linger_s
        self._of: defaultdict[int, deque[Task]] = defaultdict(deque)
        self._order: deque[int] = deque()
        self._left: OrderedDict[int, float] = OrderedDict()

    def keep(self, task: Task) -> None:
        """Keep a snapshot unless it is not newer than the last one."""
        kept = self._of[task.id]
        if kept and kept[-1].version >= task.version:
            return
        kept.append(task)
        self._order.append(task.id)
        if len(self._order) > self._most:
            self._drop_oldest()

    def since(self, task_id: int, version: int) -> list[Task]:
        """Return the kept snapshots after a version, oldest first."""
        kept = self._of.get(task_id)
        return [task for task in kept if task.version > version] if kept else []

    def leave(self, task_id: int) -> None:
        """Note that nobody watches a task any more; it is followed for a while."""
        self._left[task_id] = time.monotonic() + self._linger_s
        if len(self._left) > self._most:
            self._left.popitem(last=False)

    def follows(self, task_id: int) -> bool:
        """Say whether somebody who left a moment ago may come back to a task."""
        until = self._left.get(task_id)
        if until is None:
            return False
        if until < time.monotonic():
            del self._left[task_id]
            return False
        return True

    def _drop_oldest(self) -> None:
        task_id = self._order.popleft()
        kept = self._of[task_id]
        kept.popleft()
        if not kept:
            del self._of[task_id]
