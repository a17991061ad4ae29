"""The task and its state machine: the only place that knows which status may follow which.

Everything else asks `Task.move` or the sets derived from `MOVES`. Progress is a number
beside the status, never a status. Spec: wire/midjourney-proxy section 6, apimart section 7.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gesso.domain.errors import IllegalMove


class TaskStatus(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"  #: Paid for by a hold; no upstream has been asked.
    SUBMITTING = "submitting"  #: The intent is stored; the upstream may or may not have heard us.
    RUNNING = "running"  #: The upstream gave us an id; we poll or wait for its hook.
    NEEDS_INPUT = "needs_input"  #: The customer must answer a dialog before work goes on.
    SUCCEEDED = "succeeded"  #: Pictures are stored and the hold is captured.
    FAILED = "failed"  #: Nothing will come; the hold is released.
    CANCELLED = "cancelled"  #: The customer or a timer gave up; the hold is released.


_S = TaskStatus

MOVES: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    # QUEUED → SUBMITTING when a worker takes it.
    _S.QUEUED: frozenset({_S.SUBMITTING, _S.FAILED, _S.CANCELLED}),
    # Back to QUEUED only when the upstream surely did not accept the order.
    _S.SUBMITTING: frozenset({_S.RUNNING, _S.QUEUED, _S.SUCCEEDED, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED}),
    _S.NEEDS_INPUT: frozenset({_S.QUEUED, _S.FAILED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}

#: States that nothing leaves; derived from MOVES and never listed again.
FINAL: frozenset[TaskStatus] = frozenset(s for s, onward in MOVES.items() if not onward)
#: States in which work or a customer's answer is still to come.
OPEN: frozenset[TaskStatus] = frozenset(TaskStatus) - FINAL
#: States in which money is held: open ones but the dialog, which is paid for when answered.
HELD: frozenset[TaskStatus] = OPEN - {_S.NEEDS_INPUT}
#: States in which surely no upstream has heard of the task.
WAITING: frozenset[TaskStatus] = frozenset({_S.QUEUED, _S.NEEDS_INPUT})


class Action(StrEnum):
    """What a task does, in the words of the Midjourney wire."""

    IMAGINE = "IMAGINE"
    UPSCALE = "UPSCALE"
    VARIATION = "VARIATION"
    REROLL = "REROLL"
    ZOOM = "ZOOM"
    PAN = "PAN"
    INPAINT = "INPAINT"
    DESCRIBE = "DESCRIBE"
    BLEND = "BLEND"
    SHORTEN = "SHORTEN"
    SWAP_FACE = "SWAP_FACE"
    EDITS = "EDITS"
    RETEXTURE = "RETEXTURE"
    REMIX = "REMIX"
    VIDEO = "VIDEO"


#: More turns than a queue that never empties counts in years.
_TURNS = 500_000_000


class Lane(StrEnum):
    """How fast a task wants to be served; faster lanes are taken first."""

    TURBO = "turbo"
    FAST = "fast"
    RELAX = "relax"

    @property
    def priority(self) -> int:
        """Rank in the queue; a higher number is taken first."""
        return _PRIORITIES[self]

    def rank(self, turn: int) -> int:
        """Rank in the queue of a turn in this lane; fits 32 bits."""
        return self.priority * _TURNS // 10 + _TURNS - min(turn, _TURNS - 1)


_PRIORITIES = {Lane.TURBO: 20, Lane.FAST: 10, Lane.RELAX: 0}


class BotType(StrEnum):
    """Which of the two published bots was asked."""

    MID_JOURNEY = "MID_JOURNEY"
    NIJI_JOURNEY = "NIJI_JOURNEY"
    INSIGHT_FACE = "INSIGHT_FACE"


@dataclass(frozen=True, slots=True)
class Picture:
    """One stored result: where its bytes are and what they are."""

    position: int  #: 0 is the grid or the only picture, 1–4 are the single tiles.
    blob: str  #: Key in the blob store.
    mime: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Task:
    """One accepted order, from submit to its end.

    Times are aware UTC datetimes. `order` holds the provider-neutral parameters of the
    action, `result` what the provider reported beside pictures (text, seed, hash).
    """

    id: int  #: 16 decimal digits; `domain.ids` gives both faces of it.
    account_id: str
    key_id: str
    action: Action
    status: TaskStatus
    lane: Lane
    submitted_at: datetime
    bot: BotType = BotType.MID_JOURNEY
    prompt: str = ""  #: As the customer wrote it.
    final_prompt: str = ""  #: As the provider gets it.
    description: str = ""
    progress: int = 0  #: 0–100.
    fail_code: str | None = None
    fail_reason: str | None = None
    started_at: datetime | None = None
    progressed_at: datetime | None = None
    finished_at: datetime | None = None
    channel_id: str | None = None
    parent_id: int | None = None
    root_id: int | None = None
    parent_index: int | None = None
    job_hash: str = ""  #: UUID that the buttons of the result carry.
    custom_id: str | None = None
    state: str | None = None
    notify_hook: str | None = None
    sandboxed: bool = False  #: Submitted with a test key: runs on the sandbox, costs nothing.
    price_key: str = ""
    price_nanos: int = 0  #: Held at submit, in nano-dollars.
    charged_nanos: int = 0  #: Captured at the end.
    dialect: str = "midjourney"
    turn: int = 0  #: Order within a lane: the accounts that wait take turns.
    queue_job_id: int | None = None
    preview_blob: str | None = None  #: Partial picture while the task runs.
    version: int = 0  #: Counts every stored change; orders callbacks and events.
    order: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    watched: bool = False  #: An event stream was opened: what changes replace is kept for a while.

    @property
    def is_final(self) -> bool:
        """Whether nothing can change this task any more."""
        return self.status in FINAL

    def move(self, to: TaskStatus, *, now: datetime, **changes: Any) -> Task:
        """Return this task in status `to`.

        Raises IllegalMove when the table of moves has no such edge. Sets the times and the
        progress that belong to the edge: a final task always shows 100 and a finish time
        (relays stop polling only then: wire/decisions 6).
        """
        if to not in MOVES[self.status]:
            raise IllegalMove(f"a task that is {self.status} cannot become {to}")
        times: dict[str, Any] = {"status": to, "version": self.version + 1}
        if to in FINAL:
            times |= {"progress": 100, "finished_at": now}
        elif to is TaskStatus.RUNNING:
            times |= {"started_at": self.started_at or now, "progressed_at": now}
        return dataclasses.replace(self, **(times | changes))

    def advance(self, progress: int, *, now: datetime, preview_blob: str | None = None) -> Task:
        """Return this running task with progress that never goes back and stays below 100."""
        if self.status is not TaskStatus.RUNNING:
            raise IllegalMove(f"a task that is {self.status} makes no progress")
        return dataclasses.replace(
            self,
            progress=max(self.progress, min(progress, 99)),
            progressed_at=now,
            preview_blob=preview_blob or self.preview_blob,
            version=self.version + 1,
        )
