"""The sweeper: runs the housekeeping of `services.sweep` at its pace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

Chore = Callable[[], Awaitable[int]]


class Sweeper:
    """Repeats chores, each at its own interval; a failing one does not stop the others."""

    def __init__(self, chores: dict[str, tuple[float, Chore]]) -> None:
        """Take chores by name with their interval in seconds."""
        self._chores = chores

    async def run(self) -> None:
        """Repeat all chores until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, (every_s, chore) in self._chores.items():
                group.create_task(self._repeat(name, every_s, chore))

    async def _repeat(self, name: str, every_s: float, chore: Chore) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                count = await chore()
                if count:
                    log.info("swept", chore=name, count=count)
            except Exception:
                log.exception("chore_failed", chore=name)
