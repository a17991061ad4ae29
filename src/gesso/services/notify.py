"""Queue the callbacks of a task's change, in the transaction of the change."""

from __future__ import annotations

from gesso.domain.task import Task
from gesso.domain.terms import Terms
from gesso.storage.outbox import Callback, callback_id, end_id
from gesso.storage.unit import Unit


def tell(unit: Unit, task: Task) -> None:
    """Store one callback per receiver for the task as it is now.

    Its notifyHook hears of every change, its webhook of the end alone (wire/decisions 15).
    """
    if task.notify_hook:
        unit.call_back(Callback(callback_id(task), task.notify_hook, task, task.is_final))
    webhook = Terms.of(task).webhook if task.is_final else ""
    if webhook:
        unit.call_back(Callback(end_id(task), webhook, task, True))
