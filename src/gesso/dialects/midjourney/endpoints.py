"""The site map of this wire: one table from which routes and their description are made.

Tags and names of bodies are the published ones (section 14), with English beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gesso.dialects.midjourney import accounts as account_room
from gesso.dialects.midjourney import bodies, shapes
from gesso.dialects.midjourney.account_shape import Account
from gesso.http.answering import Handler
from gesso.http.openapi import Operation

if TYPE_CHECKING:
    from gesso.dialects.midjourney.follow_ups import FollowUps
    from gesso.dialects.midjourney.new_pictures import NewPictures
    from gesso.dialects.midjourney.uploads import Uploads

_SUBMIT, _FACES = "任务提交 Task submission", "InsightFace任务提交 InsightFace submission"
_TASKS, _ACCOUNTS = "任务查询 Task inquiry", "账号管理 Accounts"
_DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA"
    "60e6kgAAAABJRU5ErkJggg=="
)
_RESULT = shapes.titled(shapes.SubmitResult, "提交结果")
_MESSAGE = shapes.titled(shapes.Message, "Message")
_TASK = shapes.titled(shapes.Task, "任务")
_SPEED = (
    "Also below `/mj-fast`, `/mj-relax` and `/mj-turbo`, which fix the speed. Business errors "
    "are HTTP 200 with a `code` other than 1, 21 or 22; `properties` then tells `error`, "
    "`charged` and `retry`."
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of this wire, below a prefix."""

    method: str
    path: str
    handler: Handler
    tag: str
    summary: str
    body: Any = None
    answer: Any = _RESULT
    example: Any = None
    media: tuple[str, ...] = ("application/json",)

    def operation(self, prefix: str) -> Operation:
        """Return how this route is documented."""
        return Operation(
            method=self.method,
            path=prefix + self.path,
            tag=self.tag,
            wire="Midjourney",
            summary=self.summary,
            answer=self.answer,
            body=self.body,
            media=self.media,
            refusals=(401, 403, 404, 409, 413) if self.body else (401, 403, 404),
            error=shapes.SubmitResult,
            example=self.example,
            description=_SPEED if self.tag in {_SUBMIT, _FACES} else "",
        )


def submits(pictures: NewPictures, later: FollowUps, uploads: Uploads) -> list[Endpoint]:
    """Return the submits (section 4.1)."""
    task_id = "1710816049856103"
    button = "MJ::JOB::upsample::2::3dbbd469-36af-4a0f-8f02-df6c579e7011"
    rows: list[tuple[str, Handler, str, Any, str, dict[str, Any]]] = [
        ("imagine", pictures.imagine, "Imagine: four pictures from words", bodies.ImagineBody,
         "Imagine提交参数", {"prompt": "a red fox in the snow --ar 3:2"}),
        ("action", later.action, "Press a button of a result", bodies.ActionBody,
         "执行动作参数", {"taskId": task_id, "customId": button}),
        ("modal", later.modal, "Answer the dialog of a task", bodies.ModalBody,
         "弹窗提交参数", {"taskId": task_id, "prompt": "a red fox --zoom 1.5"}),
        ("blend", pictures.blend, "Blend 2–5 pictures", bodies.BlendBody,
         "Blend提交参数", {"base64Array": [_DOT, _DOT], "dimensions": "SQUARE"}),
        ("describe", pictures.describe, "Describe a picture in four prompts", bodies.DescribeBody,
         "Describe提交参数", {"base64": _DOT}),
        ("shorten", pictures.shorten, "Shorten a prompt", bodies.ShortenBody,
         "Shorten提交参数", {"prompt": "a very beautiful red fox in the deep white snow"}),
        ("change", later.change, "U, V or reroll by name", bodies.ChangeBody,
         "变化任务提交参数", {"taskId": task_id, "action": "UPSCALE", "index": 2}),
        ("simple-change", later.simple_change, "U, V or reroll in one text",
         bodies.SimpleChangeBody, "Simple-change提交参数", {"content": f"{task_id} U2"}),
        ("edits", pictures.edits, "Edit a picture", bodies.EditsBody,
         "Edits提交参数", {"prompt": "add a lighthouse", "image": _DOT}),
        ("edit", pictures.edits, "Edit a picture (the same as edits)", bodies.EditsBody,
         "Edits提交参数", {"prompt": "add a lighthouse", "image": _DOT}),
        ("retexture", pictures.retexture, "Give a picture another surface", bodies.EditsBody,
         "Retexture提交参数", {"prompt": "made of porcelain", "image": _DOT}),
        ("video", pictures.video, "Clips from a picture, or longer ones from a clip",
         bodies.VideoBody, "Video提交参数", {"prompt": "slow waves", "image": _DOT}),
        ("upload-discord-images", uploads.upload, "Upload pictures and get links",
         bodies.UploadBody, "Upload提交参数", {"base64Array": [_DOT]}),
        ("show", uploads.show, "Find the task of a job or of a picture", bodies.ShowBody,
         "Show提交参数", {"jobId": "3dbbd469-36af-4a0f-8f02-df6c579e7011"}),
    ]  # fmt: skip
    return [
        Endpoint(
            "POST", f"/submit/{path}", handler, _SUBMIT, summary,
            body=shapes.titled(body, title), example=example,
        )
        for path, handler, summary, body, title, example in rows
    ]  # fmt: skip


def swap(handler: Handler) -> Endpoint:
    """Return the face swap (section 4.2)."""
    return Endpoint(
        "POST", "/insight-face/swap", handler, _FACES, "Put a face into a picture",
        body=shapes.titled(bodies.SwapBody, "InsightFace提交参数"),
        example={"sourceBase64": _DOT, "targetBase64": _DOT},
    )  # fmt: skip


def tasks(
    *,
    fetch: Handler,
    list_tasks: Handler,
    list_by_ids: Handler,
    query: Handler,
    queue: Handler,
    cancel: Handler,
    image_seed: Handler,
    image: Handler,
    events: Handler,
) -> list[Endpoint]:
    """Return what asks for tasks (section 4.3)."""
    ids = shapes.titled(bodies.IdsBody, "条件查询参数")
    rows, example = list[shapes.Task], {"ids": ["1710816049856103"]}
    refused = (rows, _RESULT)
    return [
        Endpoint("GET", "/task/{task_id}/fetch", fetch, _TASKS, "One task",
                 answer=(_TASK, _RESULT)),
        Endpoint("GET", "/task/list", list_tasks, _TASKS, "The newest tasks", answer=refused),
        Endpoint("POST", "/task/list-by-condition", list_by_ids, _TASKS, "Tasks by id",
                 body=ids, answer=refused, example=example),
        Endpoint("POST", "/task/list-by-ids", list_by_ids, _TASKS, "Tasks by id, with displays",
                 body=ids, answer=refused, example=example),
        Endpoint("POST", "/task/query", query, _TASKS, "A page of tasks by filters",
                 body=shapes.titled(bodies.QueryBody, "任务查询参数"),
                 answer=(shapes.titled(shapes.TaskPage, "Page«任务»"), _RESULT),
                 example={"pageNumber": 0, "pageSize": 10, "sort": "id,desc"}),
        Endpoint("GET", "/task/queue", queue, _TASKS, "Waiting and running tasks", answer=refused),
        Endpoint("POST", "/task/{task_id}/cancel", cancel, _TASKS, "Cancel a task",
                 answer=(_MESSAGE, _RESULT)),
        Endpoint("GET", "/task/{task_id}/image-seed", image_seed, _TASKS, "The seed of a task",
                 answer=(_MESSAGE, _RESULT)),
        Endpoint("GET", "/task/{task_id}/events", events, _TASKS, "Server-sent events of a task",
                 media=("text/event-stream",)),
        Endpoint("GET", "/image/{task_id}", image, _TASKS, "The picture of a task",
                 media=("image/png", "image/webp", "image/jpeg", "video/mp4")),
    ]  # fmt: skip


def accounts(rooms: account_room.Accounts) -> list[Endpoint]:
    """Return the accounts (section 4.4): channels in the shape of this wire."""
    message = (_MESSAGE, _RESULT)
    account = shapes.titled(Account, "Discord账号")
    create = shapes.titled(account_room.AccountBody, "账号创建参数")
    change = shapes.titled(account_room.AccountBody, "账号修改参数")
    example = {"guildId": "1", "channelId": "2", "userToken": "secret", "coreSize": 3}
    rows: list[tuple[str, str, Handler, str, Any, Any, Any]] = [
        ("GET", "/account/list", rooms.list_all, "All accounts", None,
         (list[Account], _RESULT), None),
        ("POST", "/account/query", rooms.query, "A page of accounts by filters",
         shapes.titled(account_room.AccountQuery, "账号查询参数"),
         (shapes.titled(shapes.Page, "Page«Map»"), _RESULT), {"pageNumber": 0, "pageSize": 10}),
        ("POST", "/account/create", rooms.create, "Create an account", create, message, example),
        ("GET", "/account/{account_id}/fetch", rooms.fetch, "One account", None,
         (account, _RESULT), None),
        ("PUT", "/account/{account_id}/update", rooms.update, "Change an account", change,
         message, {"remark": "east"}),
        ("PUT", "/account/{account_id}/update-reconnect", rooms.update,
         "Change an account and use it anew", change, message, {"coreSize": 5}),
        ("POST", "/account/{account_id}/sync-info", rooms.sync, "Read an account anew", None,
         message, None),
        ("POST", "/account/{account_id}/change-version", rooms.change_version,
         "Set the default model", None, message, None),
        ("POST", "/account/{account_id}/action", rooms.action, "Press a settings button", None,
         message, None),
        ("DELETE", "/account/{account_id}/delete", rooms.delete, "Delete an account", None,
         message, None),
    ]  # fmt: skip
    return [
        Endpoint(method, path, handler, _ACCOUNTS, summary, body=body, answer=answer, example=given)
        for method, path, handler, summary, body, answer, given in rows
    ]
