"""The moves of a task between QUEUED and its end: begin, accept, advance, send back.

The intent is stored before the upstream is called; what the upstream said is stored after.
A crash in between leaves SUBMITTING with an opened attempt, which `services.step` settles by
asking the upstream.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gesso.domain.attempt import Attempt, AttemptState
from gesso.domain.task import Task, TaskStatus
from gesso.domain.terms import is_late
from gesso.services.notify import tell
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Begun:
    """A task and its present attempt, as they are stored."""

    task: Task
    attempt: Attempt | None
    fresh: bool = False  #: The attempt was opened just now: the upstream knows nothing yet.


@dataclass(frozen=True, slots=True)
class Begin:
    """Open an attempt for a waiting task; for one under way, say where it stands."""

    task_id: int
    channel_id: str | None  #: Whose turn it is: a task that has moved on stands in another queue.

    @property
    def needs(self) -> Needs:
        """The task with its newest attempt."""
        return Needs(tasks=(self.task_id,))

    def apply(self, unit: Unit) -> Begun | None:
        """Move QUEUED to SUBMITTING; None when there is nothing to do.

        A task that is too late for its caller stays QUEUED, for the caller of this to end.
        """
        task = unit.tasks.get(self.task_id)
        if task is None or task.is_final or task.status is TaskStatus.NEEDS_INPUT:
            return None
        if task.channel_id != self.channel_id:
            return None
        last = unit.attempts.get(task.id)
        if task.status is not TaskStatus.QUEUED:
            return Begun(task, last)
        if is_late(task, unit.now):
            return Begun(task, last)
        number = 1 if last is None else last.number + 1
        attempt = Attempt(
            id=f"{task.id}-{number}",
            task_id=task.id,
            number=number,
            channel_id=task.channel_id or "",
            state=AttemptState.OPENED,
            opened_at=unit.now,
        )
        task = task.move(TaskStatus.SUBMITTING, now=unit.now)
        unit.save_task(task)
        unit.add_attempt(attempt)
        return Begun(task, attempt, fresh=True)


@dataclass(frozen=True, slots=True)
class Accept:
    """Store that the upstream took the job, with its id for it."""

    attempt: Attempt
    upstream_id: str

    @property
    def needs(self) -> Needs:
        """The task with its newest attempt."""
        return Needs(tasks=(self.attempt.task_id,))

    def apply(self, unit: Unit) -> Begun | None:
        """Move SUBMITTING to RUNNING; None when the task ended meanwhile."""
        task, attempt = unit.tasks[self.attempt.task_id], unit.attempts[self.attempt.task_id]
        if attempt.id != self.attempt.id or task.is_final:
            return None
        if task.status is TaskStatus.RUNNING:
            return Begun(task, attempt)
        task = task.move(TaskStatus.RUNNING, now=unit.now)
        attempt = replace(attempt, state=AttemptState.ACCEPTED, upstream_id=self.upstream_id)
        unit.save_task(task)
        unit.save_attempt(attempt)
        tell(unit, task)
        return Begun(task, attempt)


@dataclass(frozen=True, slots=True)
class Advance:
    """Store progress and the partial picture."""

    task_id: int
    percent: int
    preview_blob: str | None

    @property
    def needs(self) -> Needs:
        """The task."""
        return Needs(tasks=(self.task_id,))

    def apply(self, unit: Unit) -> Task:
        """Advance a running task; one that ended meanwhile is returned as it is."""
        task = unit.tasks[self.task_id]
        if task.status is not TaskStatus.RUNNING:
            return task
        task = task.advance(self.percent, now=unit.now, preview_blob=self.preview_blob)
        unit.save_task(task)
        tell(unit, task)
        return task


@dataclass(frozen=True, slots=True)
class SendBack:
    """Put a task back to QUEUED because the upstream surely did not start it."""

    attempt: Attempt
    error: str

    @property
    def needs(self) -> Needs:
        """The task with its newest attempt."""
        return Needs(tasks=(self.attempt.task_id,))

    def apply(self, unit: Unit) -> Task:
        """Close the attempt as refused; the hold stays for the next one."""
        task, attempt = unit.tasks[self.attempt.task_id], unit.attempts[self.attempt.task_id]
        if attempt.id != self.attempt.id or task.status is not TaskStatus.SUBMITTING:
            return task
        unit.save_attempt(
            replace(attempt, state=AttemptState.REFUSED, closed_at=unit.now, error=self.error)
        )
        task = task.move(TaskStatus.QUEUED, now=unit.now)
        unit.save_task(task)
        return task
