"""Move a waiting task to another channel: nothing was started, so nobody pays twice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gesso.domain.channel import Luck, Wish, choose
from gesso.domain.errors import NoChannel, QueueFull
from gesso.domain.model import SANDBOX
from gesso.domain.order import Selection
from gesso.domain.task import Task, TaskStatus
from gesso.services.catalogue import Catalogue
from gesso.services.submit import channels_to_count
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Reroute:
    """The transaction of one move."""

    task_id: int
    catalogue: Catalogue
    luck: Luck

    @property
    def needs(self) -> Needs:
        """The task and how busy every channel is."""
        return Needs(tasks=(self.task_id,), channels=channels_to_count(self.catalogue))

    def apply(self, unit: Unit) -> Task | None:
        """Queue the task elsewhere; None when it does not wait or nobody else can serve it.

        A caller who named a channel meant that one, and test keys stay on the sandbox.
        """
        task = unit.tasks.get(self.task_id)
        if task is None or task.status is not TaskStatus.QUEUED or task.order.get("only"):
            return None
        others = [c for c in self.catalogue.channels if c.id != task.channel_id]
        wish = Wish(
            action=task.action,
            lane=task.lane,
            selection=Selection(),
            provider=SANDBOX if task.sandboxed else None,
            waits=False,
        )
        try:
            channel = choose(
                wish, others, unit.loads, self.catalogue.can, now=unit.now, luck=self.luck
            )
        except (NoChannel, QueueFull):
            return None
        turn = unit.next_turn(channel.id, task.lane, task.account_id)
        task = replace(task, channel_id=channel.id, turn=turn, version=task.version + 1)
        unit.save_task(task)
        unit.enqueue(task)
        return task
