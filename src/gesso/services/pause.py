"""A paused channel: its tasks are accepted and wait; what runs already goes on."""

from __future__ import annotations

from gesso.domain.task import TaskStatus
from gesso.services.catalogue import Catalogue
from gesso.storage.reader import Reader


class Gate:
    """Says which tasks must not be started now."""

    def __init__(self, catalogue: Catalogue, reader: Reader) -> None:
        """Hold the channels and who reads tasks."""
        self._catalogue = catalogue
        self._reader = reader

    async def holds(self, channel_id: str, task_id: int) -> bool:
        """Say whether a task waits for its channel to be resumed."""
        channel = self._catalogue.channel(channel_id)
        if channel is None or not channel.paused:
            return False
        task = await self._reader.find(task_id)
        return task is not None and task.status is TaskStatus.QUEUED
