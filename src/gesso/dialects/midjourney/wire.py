"""Answers of the Midjourney-proxy wire: tasks, errors and accepted submits as JSON bytes.

Pure translation; the requests are in `bodies`.
JSON is written without blanks after colons: a widely used relay edits `"code":22` in the raw
text (wire/decisions 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from gesso.dialects.midjourney import shapes
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
    Unmoderated,
)
from gesso.domain.offer import offered
from gesso.domain.order import Accepted
from gesso.domain.search import Page, Search
from gesso.domain.task import Action, Picture, Task, TaskStatus
from gesso.kit.clock import millis

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
    Unmoderated: 9,
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


#: Turns a shape into the bytes of an answer.
encode = msgspec.json.encode


# Answers ------------------------------------------------------------------------------------


def write_accepted(accepted: Accepted, english: bool) -> bytes:
    """提交结果 of an accepted submit: 1, 22 with its place in the queue, 21 for a dialog."""
    task = accepted.task
    facts: dict[str, Any] = {
        "discordInstanceId": task.channel_id or "",
        "discordChannelId": task.channel_id or "",
    }
    if task.status is TaskStatus.NEEDS_INPUT:
        dialog = task.order.get("dialog") or {}
        facts["finalPrompt"] = task.final_prompt
        facts["remix"] = bool(dialog.get("may_edit", True))
        return write_answer(21, say("dialog", english), str(task.id), facts)
    if accepted.place:
        facts["numberOfQueues"] = accepted.place
        text = say("queued", english).replace("N", str(accepted.place))
        return write_answer(22, text, str(task.id), facts)
    return write_answer(1, say("submitted", english), str(task.id), facts)


def write_answer(
    code: int, description: str, result: Any = None, facts: Mapping[str, Any] | None = None
) -> bytes:
    """提交结果 (section 3.1): `properties` is always an object."""
    return encode(shapes.SubmitResult(code, description, result, dict(facts or {})))


def write_message(code: int, description: str, result: Any = None) -> bytes:
    """Message (section 3.2)."""
    return encode(shapes.Message(code, description, result))


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
    return encode(shape_task(task, links))


def write_tasks(found: Sequence[Task], links: Links, *, displays: bool = False) -> bytes:
    """A list of 任务; with `displays` for the screens that show them."""
    return encode(_rows(found, links, displays))


def write_page(page: Page, search: Search, links: Links) -> bytes:
    """Page«任务» in the shape of Spring (section 3.6)."""
    return encode(
        shapes.TaskPage(**page_fields(_rows(page.tasks, links, True), page.total, search))
    )


def page_fields(rows: list[Any], total: int, search: Search) -> dict[str, Any]:
    """Return the fields of a page with these rows."""
    pages = -(-total // search.size)
    sort = shapes.Sort()
    offset = search.number * search.size
    return {
        "content": rows,
        "pageable": shapes.Pageable(sort, offset, search.number, search.size),
        "total_elements": total,
        "total_pages": pages,
        "last": search.number >= pages - 1,
        "size": search.size,
        "number": search.number,
        "sort": sort,
        "first": search.number == 0,
        "number_of_elements": len(rows),
        "empty": not rows,
    }


def _rows(found: Sequence[Task], links: Links, displays: bool) -> list[shapes.Task]:
    shown = [shape_task(task, links) for task in found]
    for task, shape in zip(found, shown, strict=True) if displays else ():
        shape.displays = shapes.Displays(
            action=shape.action,
            status=shape.status,
            submit_time=_clock_time(task.submitted_at),
            start_time=_clock_time(task.started_at),
            finish_time=_clock_time(task.finished_at),
            discord_instance_id=task.channel_id or "",
        )
    return shown


def _clock_time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def shape_task(task: Task, links: Links) -> shapes.Task:
    """Return a task in the shape of this wire."""
    shown = task.pictures[0] if task.pictures else None
    clips = [p for p in task.pictures if p.mime.startswith("video/")]
    tiles = [p for p in task.pictures if p.position > 0 and p not in clips]
    seed = task.result.get("seed")
    return shapes.Task(
        id=str(task.id),
        action=ACTION[task.action],
        status=_status(task),
        prompt=_text(task) or task.prompt,
        prompt_en=_text(task) or task.final_prompt,
        description=task.description,
        state=task.state,
        submit_time=millis(task.submitted_at),
        start_time=millis(task.started_at),
        finish_time=millis(task.finished_at),
        image_url=_image_url(task, links),
        progress=_progress(task),
        fail_reason=task.fail_reason,
        properties=_properties(task),
        buttons=[_button(b) for b in offered(task)],
        task_id=ids.write_ulid(task.id, task.submitted_at),
        parent_id=str(task.parent_id) if task.parent_id else None,
        bot_type=task.bot.value,
        mode=task.lane.value.upper(),
        custom_id=task.custom_id,
        seed=seed if isinstance(seed, int) else None,
        image_urls=[_linked(task, p, links) for p in tiles or task.pictures[:1]],
        image_width=shown.width if shown else None,
        image_height=shown.height if shown else None,
        video_url=links.to(task, clips[0]) if clips else None,
        video_urls=[shapes.ImageUrl(links.to(task, p), _poster(task, links)) for p in clips],
    )


def _linked(task: Task, picture: Picture, links: Links) -> shapes.ImageUrl:
    url = links.to(task, picture)
    return shapes.ImageUrl(url, f"{url}&w=384")


def _poster(task: Task, links: Links) -> str:
    first = task.pictures[0]
    return "" if first.mime.startswith("video/") else f"{links.to(task, first)}&w=384"


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


def _text(task: Task) -> str | None:
    """Return the lines of a description, which stand where the prompt was (section 8)."""
    return task.result.get("text") if task.action is Action.DESCRIBE else None


def _properties(task: Task) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "notifyHook": task.notify_hook,
        "nonce": str(task.id),
        "discordInstanceId": task.channel_id or "",
        "discordChannelId": task.channel_id or "",
        "botType": task.bot.value,
        "finalPrompt": task.result.get("text") or task.final_prompt,
    }
    if task.result.get("text_zh"):
        facts["finalZhPrompt"] = task.result["text_zh"]
    if task.status is TaskStatus.NEEDS_INPUT:
        dialog = task.order.get("dialog") or {}
        facts["modalCustomId"] = dialog.get("custom_id", "")
        facts["remix"] = bool(dialog.get("may_edit", True))
    if task.status is TaskStatus.SUCCEEDED:
        facts |= {"messageId": str(task.id), "messageHash": task.job_hash, "flags": 0}
    if task.custom_id:
        facts["customId"] = task.custom_id
    if task.fail_code:
        facts["failCode"] = task.fail_code
    return facts


def _button(button: buttons.Button) -> shapes.Button:
    return shapes.Button(button.custom_id, button.emoji, button.label, button.style, button.type)
