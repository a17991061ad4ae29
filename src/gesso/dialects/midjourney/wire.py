"""Pure translation between the Midjourney-proxy wire and gesso's own words.

`read_*` turn bodies into typed requests and `write_*` turn tasks and errors into JSON bytes.
JSON is written without blanks after colons: a widely used relay edits `"code":22` in the raw
text (wire/decisions 3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from gesso.dialects.midjourney.words import say
from gesso.domain import buttons, ids
from gesso.domain.errors import (
    BannedPrompt,
    GessoError,
    IllegalMove,
    InsufficientFunds,
    InvalidOrder,
    KeyReused,
    NoChannel,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PictureRejected,
    QueueFull,
    RateLimited,
    TooLarge,
)
from gesso.domain.order import Accepted
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus
from gesso.domain.version import Version
from gesso.kit.clock import millis

T = TypeVar("T")
_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

STATUS: Mapping[TaskStatus, str] = {
    TaskStatus.QUEUED: "NOT_START",
    TaskStatus.SUBMITTING: "NOT_START",
    TaskStatus.RUNNING: "IN_PROGRESS",  # SUBMITTED until the first progress
    TaskStatus.NEEDS_INPUT: "MODAL",
    TaskStatus.SUCCEEDED: "SUCCESS",
    TaskStatus.FAILED: "FAILURE",
    TaskStatus.CANCELLED: "CANCEL",
}

ACTION: Mapping[Action, str] = {a: a.value for a in Action} | {
    # The published enum has neither; both make a new grid from a picture.
    Action.REROLL: "IMAGINE",
    Action.INPAINT: "VARIATION",
    Action.REMIX: "VARIATION",
}

#: Return code of each error (section 5); the most precise class counts.
_CODES: Mapping[type[GessoError], int] = {
    GessoError: 9,
    InvalidOrder: 4,
    PictureRejected: 4,
    TooLarge: 4,
    KeyReused: 4,
    IllegalMove: 4,
    InsufficientFunds: 4,
    NotFound: 3,
    NoChannel: 3,
    QueueFull: 23,
    RateLimited: 23,
    BannedPrompt: 24,
    NotAuthenticated: 401,
    NotAllowed: 403,
}

#: The errors that are told by HTTP status; every other business error is HTTP 200.
STATUSES: Mapping[type[GessoError], int] = {
    NotAuthenticated: 401,
    NotAllowed: 403,
    TooLarge: 413,
    KeyReused: 409,
}


class Links(Protocol):
    """Makes picture links; the front hall hands it in."""

    def to(self, task: Task, shown: Picture) -> str:
        """Return the link of a stored picture."""

    def to_preview(self, task: Task) -> str:
        """Return the link of the partial picture."""


# Requests -----------------------------------------------------------------------------------


class AccountFilter(msgspec.Struct, rename="camel"):
    """账号筛选条件 (section 3.7)."""

    instance_id: str | None = None
    channel_id: str | None = None
    modes: list[str] | None = None
    remix: bool | None = None
    remix_auto_considered: bool | None = None
    remark: str | None = None


class ImagineBody(msgspec.Struct, rename="camel"):
    """Imagine提交参数 (section 4.1)."""

    prompt: str | None = None
    base64_array: list[str] | None = None
    bot_type: str | None = None
    account_filter: AccountFilter | None = None
    notify_hook: str | None = None
    state: str | None = None


class ActionBody(msgspec.Struct, rename="camel"):
    """执行动作参数 (section 4.1, source page 001)."""

    task_id: str | int | None = None
    custom_id: str | None = None
    notify_hook: str | None = None
    state: str | None = None
    choose_same_channel: bool | None = None
    account_filter: AccountFilter | None = None


class IdsBody(msgspec.Struct):
    """Body of list-by-condition."""

    ids: list[str | int] | None = None


def read_body(body: bytes, kind: type[T]) -> T:
    """Read a JSON body; raises InvalidOrder naming the field that has the wrong type."""
    if b"u0000" in body and _ZERO.search(body):
        # No database can store it, in whichever field it stands.
        raise InvalidOrder("the body holds a zero character", param="body")
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise InvalidOrder(f"{error}", param=_path(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidOrder(f"the body is not valid JSON: {error}", param="body") from error


def _path(message: str) -> str | None:
    _, _, path = message.rpartition("`$.")
    return path.rstrip("`") or None if "`$." in message else None


def read_lane(mode: str) -> Lane | None:
    """Return the lane of a mode such as FAST; raises InvalidOrder for another word."""
    try:
        return Lane(mode.strip().lower())
    except ValueError:
        raise InvalidOrder(
            f"accountFilter.modes must be RELAX, FAST or TURBO, not {mode[:20]!r}",
            param="accountFilter.modes",
        ) from None


# Answers ------------------------------------------------------------------------------------


def write_accepted(accepted: Accepted, english: bool) -> bytes:
    """提交结果 of an accepted submit: 1, or 22 with the place in the queue."""
    task = accepted.task
    facts: dict[str, Any] = {
        "discordInstanceId": task.channel_id or "",
        "discordChannelId": task.channel_id or "",
    }
    if accepted.place:
        facts["numberOfQueues"] = accepted.place
        text = say("queued", english).replace("N", str(accepted.place))
        return write_answer(22, text, str(task.id), facts)
    return write_answer(1, say("submitted", english), str(task.id), facts)


def write_answer(
    code: int, description: str, result: Any = None, facts: Mapping[str, Any] | None = None
) -> bytes:
    """提交结果 (section 3.1): `properties` is always an object."""
    return msgspec.json.encode(
        {"code": code, "description": description, "result": result, "properties": facts or {}}
    )


def write_message(code: int, description: str, result: Any = None) -> bytes:
    """Message (section 3.2)."""
    return msgspec.json.encode({"code": code, "description": description, "result": result})


def write_error(error: GessoError, english: bool) -> bytes:
    """提交结果 of a refusal, with what a caller must know in `properties`."""
    kinds = type(error).__mro__
    code = next(_CODES[kind] for kind in kinds if kind in _CODES)
    facts: dict[str, Any] = {
        **error.facts,
        "error": error.code,
        "message": error.message,
        "charged": error.charged,
        "retry": error.retry,
    }
    if error.param:
        facts["param"] = error.param
    return write_answer(code, _describe(error, english), None, facts)


def _describe(error: GessoError, english: bool) -> str:
    """Return the published literal of an error, else its own message."""
    literal = say(error.code, english)
    if isinstance(error, NoChannel):
        return f"{literal}: {error.message}"  # Which filter removed the last channel.
    return literal or error.message


def write_task(task: Task, links: Links) -> bytes:
    """任务 as fetch and the callback show it (section 3.3)."""
    return msgspec.json.encode(task_fields(task, links))


def write_tasks(found: list[Task], links: Links) -> bytes:
    """A list of 任务."""
    return msgspec.json.encode([task_fields(task, links) for task in found])


def task_fields(task: Task, links: Links) -> dict[str, Any]:
    """Return the fields of 任务, in the order of source page 002, then our additions."""
    shown = task.pictures[0] if task.pictures else None
    tiles = [links.to(task, p) for p in task.pictures if p.position > 0]
    single = [links.to(task, shown)] if shown and not tiles else []
    return {
        "id": str(task.id),
        "action": ACTION[task.action],
        "status": _status(task),
        "prompt": task.prompt,
        "promptEn": task.final_prompt,
        "description": task.description,
        "state": task.state,
        "submitTime": millis(task.submitted_at),
        "startTime": millis(task.started_at),
        "finishTime": millis(task.finished_at),
        "imageUrl": _image_url(task, links),
        "progress": _progress(task),
        "failReason": task.fail_reason,
        "properties": _properties(task),
        "buttons": [_button(b) for b in _buttons(task)],
        "taskId": ids.write_ulid(task.id, task.submitted_at),
        "parentId": str(task.parent_id) if task.parent_id else None,
        "botType": task.bot.value,
        "mode": task.lane.value.upper(),
        "customId": task.custom_id,
        "seed": task.result.get("seed"),
        "imageUrls": [{"url": url, "thumbnail": f"{url}&w=384"} for url in tiles or single],
        "imageWidth": shown.width if shown else None,
        "imageHeight": shown.height if shown else None,
    }


def _status(task: Task) -> str:
    if task.status is TaskStatus.RUNNING and task.progress == 0:
        return "SUBMITTED"
    return STATUS[task.status]


def _progress(task: Task) -> str | None:
    waiting = {TaskStatus.QUEUED, TaskStatus.SUBMITTING, TaskStatus.NEEDS_INPUT}
    return None if task.status in waiting else f"{task.progress}%"


def _image_url(task: Task, links: Links) -> str | None:
    if task.pictures:
        return links.to(task, task.pictures[0])
    return links.to_preview(task) if task.preview_blob and not task.is_final else None


def _properties(task: Task) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "notifyHook": task.notify_hook,
        "nonce": str(task.id),
        "discordInstanceId": task.channel_id or "",
        "discordChannelId": task.channel_id or "",
        "botType": task.bot.value,
        "finalPrompt": task.final_prompt,
    }
    if task.status is TaskStatus.SUCCEEDED:
        facts |= {"messageId": str(task.id), "messageHash": task.job_hash, "flags": 0}
    if task.custom_id:
        facts["customId"] = task.custom_id
    if task.fail_code:
        facts["failCode"] = task.fail_code
    return facts


def _buttons(task: Task) -> tuple[buttons.Button, ...]:
    if task.status is not TaskStatus.SUCCEEDED or not task.pictures:
        return ()
    version = Version.read(str(task.order.get("version") or ""))
    if any(p.position > 0 for p in task.pictures):
        return buttons.for_grid(task.job_hash)
    shown = task.pictures[0]
    square = shown.width == shown.height
    return buttons.for_single(task.job_hash, version, square=square)


def _button(button: buttons.Button) -> dict[str, Any]:
    return {
        "customId": button.custom_id,
        "emoji": button.emoji,
        "label": button.label,
        "style": button.style,
        "type": button.type,
    }
