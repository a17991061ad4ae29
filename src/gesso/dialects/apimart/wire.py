"""Answers of the APIMart wire: tasks in both shapes, accepted submits, errors. Pure.

`/v1/midjourney/{id}` is flat and has the buttons; `/v1/tasks/{id}` is the unified shape that
webhooks get too (sections 6, 7 and 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import UNSET

from gesso.dialects.apimart.shapes import (
    AcceptedTask,
    Done,
    FlatButton,
    FlatTask,
    MartError,
    MartFault,
    TaskFault,
    TaskFiles,
    TaskResult,
    UnifiedTask,
)
from gesso.dialects.apimart.words import say
from gesso.domain import ids
from gesso.domain.buttons import Deed
from gesso.domain.errors import (
    BannedPrompt,
    CallerError,
    Conflict,
    GessoError,
    IllegalMove,
    InsufficientFunds,
    InvalidOrder,
    KeyReused,
    NoChannel,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    QueueFull,
    RateLimited,
    TooLarge,
    UnknownModel,
    Unmoderated,
)
from gesso.domain.offer import offered
from gesso.domain.order import Accepted
from gesso.domain.task import Action, Picture, Task, TaskStatus
from gesso.domain.terms import Terms

NANOS = 1_000_000_000
#: The wire counts ten credits to the dollar, and its quota 500,000 to the dollar.
_NANOS_OF_CREDIT, _NANOS_OF_QUOTA = NANOS // 10, NANOS // 500_000
#: Progress of a task that waits for its dialog (section 4.10).
_DIALOG_PERCENT = 15

#: `/v1/midjourney/{id}`. NOT_START is an upstream's own matter: ours have been accepted.
STATUS: Mapping[TaskStatus, str] = {
    TaskStatus.QUEUED: "SUBMITTED",
    TaskStatus.SUBMITTING: "SUBMITTED",
    TaskStatus.RUNNING: "IN_PROGRESS",
    TaskStatus.NEEDS_INPUT: "MODAL",
    TaskStatus.SUCCEEDED: "SUCCESS",
    TaskStatus.FAILED: "FAILURE",
    TaskStatus.CANCELLED: "CANCEL",
}

#: `/v1/tasks/{id}` (wire/decisions 11).
UNIFIED: Mapping[TaskStatus, str] = {
    TaskStatus.QUEUED: "pending",
    TaskStatus.SUBMITTING: "pending",
    TaskStatus.RUNNING: "processing",
    TaskStatus.NEEDS_INPUT: "processing",
    TaskStatus.SUCCEEDED: "completed",
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "cancelled",
}

#: HTTP status and `type` of each error (section 8.1); the most precise class counts.
ERRORS: Mapping[type[GessoError], tuple[int, str]] = {
    GessoError: (500, "server_error"),
    CallerError: (400, "invalid_request_error"),
    InvalidOrder: (400, "invalid_request_error"),
    IllegalMove: (400, "invalid_request_error"),
    UnknownModel: (404, "not_found_error"),
    NotAuthenticated: (401, "authentication_error"),
    InsufficientFunds: (402, "payment_required"),
    NotAllowed: (403, "permission_error"),
    NotFound: (404, "not_found_error"),
    Conflict: (409, "conflict"),
    KeyReused: (409, "idempotency_key_reused"),
    TooLarge: (413, "invalid_request_error"),
    BannedPrompt: (422, "invalid_request_error"),
    RateLimited: (429, "rate_limit_error"),
    QueueFull: (429, "rate_limit_error"),
    NoChannel: (503, "service_unavailable"),
    Unmoderated: (503, "service_unavailable"),
}

#: Actions whose result is text.
_TEXTS = frozenset({Action.DESCRIBE, Action.SHORTEN})
_STRENGTHS = {"strong": "HIGH_VARIATION", "subtle": "LOW_VARIATION"}
_DEEDS = {Deed.REROLL: "REROLL", Deed.HIGH_VARIATION: "HIGH_VARIATION",
          Deed.LOW_VARIATION: "LOW_VARIATION"}  # fmt: skip


class Links(Protocol):
    """Makes picture links; the front hall hands it in."""

    def to(self, task: Task, shown: Picture) -> str:
        """Return the link of a stored picture."""

    def to_preview(self, task: Task) -> str:
        """Return the link of the partial picture."""

    def expires_at(self, task: Task) -> datetime:
        """Return when a task's links stop working."""


# Answers ------------------------------------------------------------------------------------


def write(value: Any) -> bytes:
    """Return JSON without blanks."""
    return msgspec.json.encode(value)


def write_data(value: Any) -> bytes:
    """Return the envelope of a success."""
    return write(Done(200, value))


def write_accepted(accepted: Accepted) -> bytes:
    """Return the answer to an accepted submit: `data` is always a list."""
    task = accepted.task
    waits = task.status is TaskStatus.NEEDS_INPUT
    return write_data([AcceptedTask("modal" if waits else "submitted", face(task))])


def status_of(error: GessoError) -> tuple[int, str]:
    """Return HTTP status and `type` of an error."""
    return next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)


def fault(error: GessoError) -> MartFault:
    """Return the `error` object of a refusal."""
    status, kind = status_of(error)
    return MartFault(status, error.message, kind, error.param or UNSET)


def write_error(error: GessoError) -> bytes:
    """Return the envelope of a refusal (section 8.1)."""
    return write(MartError(fault(error)))


def face(task: Task) -> str:
    """Return the id that this wire shows."""
    return ids.write_ulid(task.id, task.submitted_at)


# Tasks --------------------------------------------------------------------------------------


def unified(task: Task, links: Links, *, language: str = "", estimated_s: int = 60) -> UnifiedTask:
    """Return a task in the unified shape (section 6.2), as webhooks get it without envelope."""
    nanos = charge(task)
    made = UnifiedTask(
        id=face(task),
        status=UNIFIED[task.status],
        progress=_percent(task),
        cost=nanos / NANOS,
        credits_cost=nanos / _NANOS_OF_CREDIT,
        created=seconds(task.submitted_at),
        estimated_time=estimated_s,
    )
    if task.status is TaskStatus.SUCCEEDED:
        made.result = _result(task, links)
    if task.finished_at is not None:
        made.completed = seconds(task.finished_at)
        took = task.finished_at - (task.started_at or task.submitted_at)
        made.actual_time = round(took.total_seconds())
    if task.status in {TaskStatus.FAILED, TaskStatus.CANCELLED}:
        code = task.fail_code or "task_failed"
        made.error = TaskFault(
            message=say(code, language) or task.fail_reason or code,
            type="task_failed" if task.status is TaskStatus.FAILED else "task_cancelled",
            param="",
            code=code,
        )
    return made


def write_webhook(task: Task, links: Links) -> bytes:
    """Return what a webhook gets: the unified task, unwrapped, in the language of its order."""
    return write(unified(task, links, language=Terms.of(task).language))


def flat(task: Task, links: Links) -> FlatTask:
    """Return a task in the shape of `/v1/midjourney/{id}` (section 6.1)."""
    nanos = charge(task)
    text = task.result.get("text")
    metadata = Terms.of(task).metadata
    return FlatTask(
        id=face(task),
        status=STATUS[task.status],
        action=action_of(task),
        mode="DESCRIBE" if task.action is Action.DESCRIBE else task.lane.value.upper(),
        progress=f"{_percent(task)}%",
        **_pictures(task, links),
        buttons=[
            FlatButton(b.custom_id, b.label or b.emoji, b.emoji, b.style, b.type)
            for b in offered(task)
        ],
        prompt=text or task.prompt,
        prompt_en=text or task.final_prompt,
        description=text or task.description,
        fail_reason=task.fail_reason or "",
        quota=nanos // _NANOS_OF_QUOTA,
        cost=nanos / NANOS,
        credits_cost=nanos / _NANOS_OF_CREDIT,
        created_at=seconds(task.submitted_at),
        finished_at=seconds(task.finished_at),
        metadata=UNSET if metadata is None else dict(metadata),
    )


def action_of(task: Task) -> str:
    """Return the name of a task's action on this wire."""
    strength, deed = task.order.get("strength"), task.order.get("deed")
    if task.action is Action.REMIX:
        return f"REMIX_{str(strength or 'strong').upper()}"
    if task.price_key.startswith("midjourney@modal"):
        return "MODAL"
    if task.action is Action.VARIATION and strength in _STRENGTHS:
        return _STRENGTHS[strength]
    return _DEEDS.get(deed, task.action.value) if deed else task.action.value


def charge(task: Task) -> int:
    """Return what a task costs its owner now: held, charged, or 0 after a refund."""
    if task.is_final:
        return task.charged_nanos
    return 0 if task.status is TaskStatus.NEEDS_INPUT else task.price_nanos


def seconds(moment: datetime | None) -> int | None:
    """Return a time as the wire writes it: seconds since the epoch."""
    return None if moment is None else int(moment.timestamp())


def _percent(task: Task) -> int:
    return _DIALOG_PERCENT if task.status is TaskStatus.NEEDS_INPUT else task.progress


def _shown(task: Task) -> tuple[Picture | None, list[Picture], list[Picture]]:
    """Return grid, single pictures and clips of a task, as many as its caller wants to see.

    A description shows none: its picture is the one that was described (section 4.3).
    """
    if task.action in _TEXTS:
        return None, [], []
    clips = [p for p in task.pictures if p.mime.startswith("video/")]
    images = [p for p in task.pictures if p not in clips]
    tiles = [p for p in images if p.position > 0]
    grid = next((p for p in images if p.position == 0), None) if tiles else None
    return grid, (tiles or images)[: Terms.of(task).shown], clips


def _result(task: Task, links: Links) -> TaskResult:
    _, images, clips = _shown(task)
    expires_at = seconds(links.expires_at(task))
    made = TaskResult()
    if clips:
        made.videos = [TaskFiles([links.to(task, p) for p in clips], expires_at)]
    elif images:
        made.images = [TaskFiles([links.to(task, p) for p in images], expires_at)]
    made.text = task.result.get("text") or UNSET
    made.lines = task.result.get("lines") or UNSET
    return made


def _pictures(task: Task, links: Links) -> dict[str, Any]:
    grid, images, clips = _shown(task)
    found: dict[str, Any] = {}
    if clips:
        found["video_url"] = links.to(task, clips[0])
        found["video_urls"] = [links.to(task, p) for p in clips]
    elif images:
        if grid is not None:
            found["grid_image_url"] = links.to(task, grid)
        found["image_urls"] = [links.to(task, p) for p in images]
    elif task.preview_blob and not task.is_final:
        found["grid_image_url"] = links.to_preview(task)
    return found
