"""Submit a task and wait for its end, for callers whose wire knows no tasks.

The task is an ordinary one: it goes on when the caller leaves or the patience ends, and any
other wire can ask for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from gesso.domain.caller import ApiKey
from gesso.domain.errors import BannedPrompt, NotFound, Refused, StillRunning
from gesso.domain.order import Order, Repeatable
from gesso.domain.task import Picture, Task, TaskStatus
from gesso.kit import convert
from gesso.services.look_up import Finder
from gesso.services.submit import Submitter
from gesso.storage.blobs import BlobMissing, Blobs

#: Seconds between two looks at a task: often at first, then less.
_LOOK_S, _LONGEST_LOOK_S = 0.1, 1.0
#: Failures that are about what was asked, not about who was asked.
_MODERATED = frozenset({"banned", "moderated", "banned_prompt"})
#: Pictures that are converted at once: each needs its pixels in memory.
_AT_ONCE = 2


class Painter:
    """Serves pictures to callers who wait."""

    def __init__(
        self, submitter: Submitter, finder: Finder, blobs: Blobs, *, patience_s: float
    ) -> None:
        """Hold who takes orders, where results are, and how long a caller waits."""
        self._submitter = submitter
        self._finder = finder
        self._blobs = blobs
        self._patience_s = patience_s
        self._converting = asyncio.Semaphore(_AT_ONCE)

    async def submit(self, key: ApiKey, order: Order, repeatable: Repeatable | None = None) -> Task:
        """Submit one order; raises a CallerError when it is not taken."""
        return (await self._submitter.submit(key, order, repeatable)).task

    async def watch(self, task: Task) -> AsyncIterator[Task]:
        """Give the task at every change until it is final.

        Raises StillRunning when that takes longer than the patience, BannedPrompt or
        Refused when the task failed.
        """
        end = time.monotonic() + self._patience_s
        pause, seen = _LOOK_S, -1
        while True:
            found = await self._finder.find_any(task.id)
            if found is None:
                raise NotFound(f"no such task: {task.id}")
            if found.version != seen:
                seen, pause = found.version, _LOOK_S
                _check(found)
                yield found
            if found.is_final:
                return
            if time.monotonic() > end:
                raise StillRunning(
                    f"the pictures are not ready after {self._patience_s:g} s; the work goes on "
                    f"as task {task.id}: GET /mj/task/{task.id}/fetch",
                    facts={"task_id": str(task.id)},
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_LOOK_S)

    async def wait(self, task: Task) -> Task:
        """Return the task once it has succeeded; raises what `watch` raises."""
        return [seen async for seen in self.watch(task)][-1]

    async def read(
        self, picture: Picture, size: tuple[int, int] | None, form: str, quality: int
    ) -> bytes:
        """Return a stored picture in a size and format; raises NotFound when it is gone."""
        return await self.read_blob(picture.blob, size, form, quality)

    async def read_blob(
        self, blob: str, size: tuple[int, int] | None, form: str, quality: int
    ) -> bytes:
        """Return stored bytes as a picture of a size and format."""
        try:
            async with self._converting:
                data = await self._blobs.get(blob)
                return await asyncio.to_thread(convert.convert, data, size, form, quality)
        except BlobMissing:
            raise NotFound("this picture was removed") from None


def singles(task: Task) -> list[Picture]:
    """Return the single pictures of a result: its tiles, or the only one that it has."""
    tiles = [p for p in task.pictures if p.position > 0]
    return sorted(tiles, key=lambda p: p.position) or list(task.pictures)


def _check(task: Task) -> None:
    if task.status is TaskStatus.NEEDS_INPUT:
        raise Refused(f"task {task.id} waits for an answer that this wire cannot give")
    if task.status in {TaskStatus.FAILED, TaskStatus.CANCELLED}:
        reason = task.fail_reason or "the task failed"
        if task.fail_code in _MODERATED:
            raise BannedPrompt(reason, param="prompt")
        raise Refused(f"{reason} (task {task.id})")
