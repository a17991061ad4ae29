"""Cancel a task: any open one, at once, with its hold released."""

from __future__ import annotations

from gesso.domain.caller import ApiKey
from gesso.domain.task import Task
from gesso.services.look_up import Finder
from gesso.services.settle import Cancel
from gesso.storage.writer import Writer


class Canceller:
    """Cancels tasks for callers."""

    def __init__(self, writer: Writer, finder: Finder) -> None:
        """Hold the writer and who finds tasks."""
        self._writer = writer
        self._finder = finder

    async def cancel(self, key: ApiKey, task_id: int) -> Task:
        """Cancel a task of the caller's account.

        Raises NotFound for anybody else's and IllegalMove for one that has ended otherwise;
        cancelling twice is harmless.
        """
        return await self._writer.write(Cancel(await self._finder.get(key, task_id)))
