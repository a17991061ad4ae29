"""The only door to a final status: money and state change in one transaction.

SUCCEEDED captures what was delivered, FAILED and CANCELLED release the hold; the callback
is queued with it. A task that is already final stays as it is, so settling twice is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from gesso.domain.attempt import AttemptState
from gesso.domain.errors import IllegalMove, NotFound
from gesso.domain.task import HELD, WAITING, Picture, Task, TaskStatus
from gesso.ledger import book
from gesso.ledger.money import share
from gesso.services import spend_limits
from gesso.services.notify import tell
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Succeed:
    """Store the result, capture the price of what was delivered, and tell."""

    task: Task
    pictures: tuple[Picture, ...]
    facts: Mapping[str, Any]
    keep: timedelta
    delivered: int = 1
    expected: int = 1

    @property
    def needs(self) -> Needs:
        """The task and the books of its account and key."""
        return _needs(self.task)

    def apply(self, unit: Unit) -> Task:
        """Move to SUCCEEDED; the pictures are already stored and verified."""
        task = unit.tasks[self.task.id]
        if task.is_final:
            return task
        charge = share(task.price_nanos, self.delivered, self.expected)
        book.capture(unit, task, charge)
        spend_limits.give_back(unit, task, task.price_nanos - charge)
        partly = f"{self.delivered} of {self.expected} pictures were delivered"
        task = task.move(
            TaskStatus.SUCCEEDED,
            now=unit.now,
            pictures=self.pictures,
            result={**task.result, **self.facts},
            charged_nanos=charge,
            fail_reason=partly if self.delivered < self.expected else None,
        )
        unit.save_task(task)
        for picture in self.pictures:
            unit.use_blob(picture.blob, task.id, unit.now + self.keep)
        _close_attempt(unit, task, AttemptState.FINISHED, None)
        tell(unit, task)
        return task


@dataclass(frozen=True, slots=True)
class Fail:
    """Give the hold back and say why nothing will come."""

    task: Task
    code: str
    reason: str
    attempt_state: AttemptState = AttemptState.FINISHED
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs(self) -> Needs:
        """The task and the books of its account and key."""
        return _needs(self.task)

    def apply(self, unit: Unit) -> Task:
        """Move to FAILED."""
        task = unit.tasks[self.task.id]
        if task.is_final:
            return task
        return _end(
            unit,
            task,
            TaskStatus.FAILED,
            self.code,
            # Relays read an empty reason as "still running".
            self.reason or "the upstream gave no reason",
            self.attempt_state,
        )


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give the hold back because the caller (or a timer) gave up."""

    task: Task
    reason: str = "取消任务"
    code: str = "cancelled"
    only_waiting: bool = False  #: Leave a task alone that an upstream may have heard of.

    @property
    def needs(self) -> Needs:
        """The task and the books of its account and key."""
        return _needs(self.task)

    def apply(self, unit: Unit) -> Task:
        """Move to CANCELLED from any open status; a final task raises IllegalMove."""
        task = unit.tasks.get(self.task.id)
        if task is None:
            raise NotFound(f"no such task: {self.task.id}")
        if task.status is TaskStatus.CANCELLED:
            return task
        if self.only_waiting and task.status not in WAITING:
            return task
        if task.is_final:
            raise IllegalMove(f"the task is already {task.status}")
        unit.cancel_job(task)
        return _end(unit, task, TaskStatus.CANCELLED, self.code, self.reason, AttemptState.FINISHED)


def too_late(task: Task) -> Cancel:
    """Return the operation that gives up a task which was not started by its deadline."""
    return Cancel(
        task, "not started by the deadline of the order", "deadline_missed", only_waiting=True
    )


def _needs(task: Task) -> Needs:
    return Needs(tasks=(task.id,), accounts=(task.account_id,), spending_keys=(task.key_id,))


def _end(
    unit: Unit, task: Task, to: TaskStatus, code: str, reason: str, attempt: AttemptState
) -> Task:
    if task.status in HELD:
        book.release(unit, task)
        spend_limits.give_back(unit, task, task.price_nanos)
    task = task.move(to, now=unit.now, fail_code=code, fail_reason=reason)
    unit.save_task(task)
    _close_attempt(unit, task, attempt, reason)
    tell(unit, task)
    return task


def _close_attempt(unit: Unit, task: Task, state: AttemptState, error: str | None) -> None:
    attempt = unit.attempts.get(task.id)
    if attempt is not None and attempt.closed_at is None:
        unit.save_attempt(replace(attempt, state=state, closed_at=unit.now, error=error))
