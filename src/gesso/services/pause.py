"""The gate before a channel: which waiting tasks must not be started there now.

A paused channel holds its tasks until it is resumed. One that rests after failures hands
them to another channel that can serve them, or holds them; what waits longer than the
operator allows ends with its hold released.
"""

from __future__ import annotations

from datetime import timedelta

from gesso.domain.channel import Channel
from gesso.domain.task import Task, TaskStatus
from gesso.kit import clock
from gesso.services.breaker import Breaker
from gesso.services.catalogue import Catalogue
from gesso.services.reroute import Reroute
from gesso.services.settle import Fail
from gesso.storage.reader import Reader
from gesso.storage.writer import Writer


class Gate:
    """Says which tasks must not be started now."""

    def __init__(
        self,
        catalogue: Catalogue,
        reader: Reader,
        writer: Writer,
        breaker: Breaker,
        *,
        moves: bool = True,
        wait: timedelta = timedelta(minutes=30),
    ) -> None:
        """Hold the channels, who reads tasks, and the operator's policy for an outage."""
        self._catalogue = catalogue
        self._reader = reader
        self._writer = writer
        self._breaker = breaker
        self._moves = moves
        self._wait = wait

    async def holds(self, channel_id: str, task_id: int) -> bool:
        """Say whether a task waits here; one that was moved or has ended does not.

        Who was moved has a new job in the queue of its new channel, and begins by that one.
        """
        channel = self._catalogue.channel(channel_id)
        if channel is None or (not channel.paused and channel.broken_until is None):
            return False
        task = await self._reader.find(task_id)
        if task is None or task.status is not TaskStatus.QUEUED or task.channel_id != channel_id:
            return False
        if channel.paused and channel.enabled:
            return True
        if not channel.paused and self._breaker.may_start(channel, task_id):
            return False
        return not await self._settled(channel, task)

    async def _settled(self, channel: Channel, task: Task) -> bool:
        """Move the task to another channel, or end it when it has waited too long."""
        if self._moves:
            moved = await self._writer.write(
                Reroute(task.id, self._catalogue, self._catalogue.luck())
            )
            if moved is not None:
                return True
        if clock.now() - task.submitted_at < self._wait:
            return False
        reason = channel.broken_reason or "the channel was switched off"
        await self._writer.write(Fail(task, "unavailable", f"the channel rests: {reason}"))
        return True
