"""How the queues stand: counts that a writer keeps at hand between commits.

Counting a long queue reads an index row per task, and every submit needs the count. So it is
read a few times a second, and what this process changes meanwhile is added up. On SQLite,
where one process writes, that is exact; on PostgreSQL what other processes did in the last
twentieth of a second is seen with the next look.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.channel import Load
from gesso.domain.task import TaskStatus
from gesso.storage import tasks

#: How long a look at the database is good for, in seconds: alone, and beside other writers.
_ALONE_S, _BESIDE_S = 0.25, 0.05
#: Queues of so many accounts are remembered.
_KEEP = 10_000
_RUNNING = frozenset({TaskStatus.SUBMITTING, TaskStatus.RUNNING})

Turn = tuple[int | None, int]
Place = tuple[str, TaskStatus]  #: Where a task stands: its channel and status.


@dataclass(slots=True)
class Standing:
    """What one writer knows of the queues."""

    _loads: dict[str, tuple[float, Load]] = field(default_factory=dict)
    _turns: dict[tuple[str, str, str], tuple[float, Turn]] = field(default_factory=dict)

    async def load(self, connection: AsyncConnection, channel_id: str, most: int) -> Load:
        """Return how busy a channel is, counting up to `most` tasks."""
        known = self._loads.get(channel_id)
        if known is not None and _is_fresh(connection, known[0]):
            return known[1]
        found = await tasks.count_load(connection, channel_id, most=most)
        self._loads[channel_id] = (time.monotonic(), found)
        return found

    async def turn(
        self, connection: AsyncConnection, channel_id: str, lane: str, account_id: str
    ) -> Turn:
        """Return the last turn of an account's waiting tasks and the one that is reached."""
        name = (channel_id, lane, account_id)
        known = self._turns.get(name)
        if known is not None and _is_fresh(connection, known[0]):
            return known[1]
        found = await tasks.find_turn(connection, *name)
        if len(self._turns) >= _KEEP:
            self._turns.clear()
        self._turns[name] = (time.monotonic(), found)
        return found

    def committed(
        self,
        moved: Iterable[tuple[Place | None, Place]],
        turns: Mapping[tuple[str, str, str], Turn],
    ) -> None:
        """Add up what a commit has changed: tasks from where they stood to where they stand."""
        for before, after in moved:
            if before is not None:
                self._add(before, -1)
            self._add(after, 1)
        for name, turn in turns.items():
            known = self._turns.get(name)
            if known is not None:
                self._turns[name] = (known[0], turn)

    def forget(self) -> None:
        """Look again: a commit has failed."""
        self._loads.clear()
        self._turns.clear()

    def _add(self, place: Place, count: int) -> None:
        channel_id, status = place
        known = self._loads.get(channel_id)
        if known is None:
            return
        since, load = known
        if status is TaskStatus.QUEUED:
            load = Load(max(0, load.waiting + count), load.running)
        elif status in _RUNNING:
            load = Load(load.waiting, max(0, load.running + count))
        self._loads[channel_id] = (since, load)


def _is_fresh(connection: AsyncConnection, since: float) -> bool:
    good_for_s = _ALONE_S if connection.dialect.name == "sqlite" else _BESIDE_S
    return time.monotonic() - since < good_for_s
