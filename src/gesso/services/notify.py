"""Queue the callback of a task's change, in the transaction of the change."""

from __future__ import annotations

from gesso.domain.task import Task
from gesso.storage.outbox import Callback, callback_id
from gesso.storage.unit import Unit


def tell(unit: Unit, task: Task) -> None:
    """Store one callback for the task as it is now; nothing when nobody wants to hear."""
    if task.notify_hook:
        unit.call_back(Callback(callback_id(task), task.notify_hook, task, task.is_final))
