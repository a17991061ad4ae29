"""An imitation of the APIMart wire: checks every field, the parents and the masks."""

from __future__ import annotations

import base64
import io
import itertools
import time
from typing import Any

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso.testing.rig import Trouble
from tests.upstream import CLIP, png
from tests.upstreams.imitation import Imitation, dropped

UUID = "11111111-2222-3333-4444-555555555555"
_TAKES_S = 0.05
_COMMON = {"speed", "metadata"}
#: Fields of each submit, the needed ones marked.
_FIELDS: dict[str, set[str]] = {
    "imagine": {"prompt!", "image_urls"},
    "blend": {"image_urls!", "size"},
    "describe": {"image_urls!"},
    "edits": {"prompt!", "image_urls!"},
    "upscale": {"task_id!", "index", "custom_id"},
    "variation": {"task_id!", "index!"},
    "high-variation": {"task_id!", "index!"},
    "low-variation": {"task_id!", "index!"},
    "reroll": {"task_id!"},
    "zoom": {"task_id!", "zoom_ratio", "custom_id"},
    "pan": {"task_id!", "direction!"},
    "inpaint": {"task_id!"},
    "modal": {"task_id!", "prompt", "mask_url!"},
    "video": {"prompt", "image_urls!", "video_type!", "motion!", "batch_size!", "end_url"},
    "remix-strong": {"task_id!", "index!", "prompt"},
    "remix-subtle": {"task_id!", "index!", "prompt"},
}
TEXT = "1️⃣ a boat --ar 3:2\n2️⃣ two boats\n3️⃣ sea\n4️⃣ sky"


class APIMart(Imitation):
    """One host; `batches` is whether it has the batch query, `keeps_keys` whether keys count."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = True
        self.keeps_keys = False
        self.has_money = True
        self.tasks: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.asked: list[str] = []
        self.buttons = [f"MJ::JOB::upsample::{n}::{UUID}" for n in range(1, 5)]
        self._numbers = itertools.count(1)

    # Submitting -------------------------------------------------------------------------

    async def submit(self, request: Request) -> Response:
        stopped = await self.in_the_way(request, order=True)
        if stopped is not None:
            return stopped
        kind, body = request.path_params["kind"], await request.json()
        self.heard.append((kind, body))
        if self.trouble is Trouble.REFUSE:
            return _error(422, self.complaint)
        if not self.has_money:
            return _error(402, "insufficient balance")
        fault = self._fault(kind, body)
        if fault:
            return _error(400, fault)
        key = request.headers["idempotency-key"]
        if self.keeps_keys and key in self.keys:
            return _taken(self.tasks[self.keys[key]])
        task = self._take(kind, body)
        self.keys[key] = task["id"]
        if self.trouble is Trouble.LOSE:
            return dropped()
        return _taken(task)

    def _fault(self, kind: str, body: dict[str, Any]) -> str:
        fields = _FIELDS[kind]
        known = {name.rstrip("!") for name in fields} | _COMMON
        if unknown := body.keys() - known:
            self.wrong.append(f"{kind}: {sorted(unknown)}")
        for name in (name[:-1] for name in fields if name.endswith("!")):
            if not body.get(name):
                return f"{name} is required for {kind}"
        parent = self.tasks.get(body.get("task_id", ""))
        if (
            "task_id" in body
            and kind != "modal"
            and (not parent or self._status(parent) != "SUCCESS")
        ):
            return f"task {body['task_id']} is not in SUCCESS state"
        if "mask_url" in body:
            mask = Image.open(io.BytesIO(base64.b64decode(body["mask_url"].partition(",")[2])))
            if mask.mode != "RGBA":
                self.wrong.append(f"a mask of {mask.mode}")
        return ""

    def _take(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == "modal":
            task = self.tasks[body["task_id"]]
            task |= {"modal": False, "since": time.monotonic()}
            return task
        number = next(self._numbers)
        task = {"id": f"task_{number:026}", "kind": kind, "number": number, "body": body}
        task |= {"since": time.monotonic(), "modal": kind == "inpaint"}
        self.tasks[task["id"]] = task
        self.begins(task["id"])
        return task

    # Looking ----------------------------------------------------------------------------

    def _status(self, task: dict[str, Any]) -> str:
        if task.get("cancelled"):
            return "CANCEL"
        if task["modal"]:
            return "MODAL"
        late = time.monotonic() - task["since"] < _TAKES_S
        if self.trouble is Trouble.STUCK or late:
            return "IN_PROGRESS"
        return "FAILURE" if self.trouble is Trouble.FAIL else "SUCCESS"

    async def flat(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        task = self.tasks[request.path_params["task_id"]]
        shown: dict[str, Any] = {"id": task["id"], "status": self._status(task), "progress": "9%"}
        if shown["status"] == "FAILURE":
            return JSONResponse(shown | {"fail_reason": self.complaint})
        if shown["status"] != "SUCCESS":
            return JSONResponse(shown)
        return JSONResponse(shown | self._result(task))

    def _result(self, task: dict[str, Any]) -> dict[str, Any]:
        kind = task["kind"]
        if kind == "describe":
            return {"prompt": TEXT, "description": TEXT}
        if kind == "video":
            clips = [f"{self.url}/clip/{n}.mp4" for n in range(task["body"]["batch_size"])]
            return {"video_url": clips[0], "video_urls": clips}
        count = 1 if kind == "upscale" else 4
        urls = [f"{self.url}/picture/{task['number']}-{n}.png" for n in range(count)]
        shown = [{"customId": one, "label": ""} for one in self.buttons]
        grid = {"grid_image_url": f"{self.url}/picture/{task['number']}.png"} if count > 1 else {}
        return {"image_urls": urls, "buttons": shown, "prompt_en": "as it was", **grid}

    def _unified(self, task: dict[str, Any]) -> dict[str, Any]:
        words = {"SUCCESS": "completed", "FAILURE": "failed", "CANCEL": "cancelled"}
        status = words.get(self._status(task), "processing")
        shown: dict[str, Any] = {"id": task["id"], "status": status, "progress": 40}
        if status == "failed":
            shown["error"] = {"code": "task_failed", "message": self.complaint}
        return shown

    async def unified(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        task = self.tasks.get(request.path_params["task_id"])
        self.asked.append(request.path_params["task_id"])
        if task is None:
            return _error(404, "no such task")
        return JSONResponse({"code": 200, "data": self._unified(task)})

    async def batch(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        if not self.batches:
            return _error(404, "no such page")
        ids = (await request.json())["ids"]
        self.asked.append(",".join(ids))
        found = [self._unified(self.tasks[i]) for i in ids if i in self.tasks]
        return JSONResponse({"code": 200, "data": found})

    async def cancel(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        self.stopped = True
        self.tasks[request.path_params["task_id"]]["cancelled"] = True
        return JSONResponse({"code": 200, "data": {}})

    async def balance(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        return stopped or JSONResponse({"success": True, "remain_balance": 10.5})

    async def picture(self, request: Request) -> Response:
        assert "authorization" not in request.headers
        number = sum(request.path_params["name"].encode()) * 7 % 256
        data = b"none" if self.trouble is Trouble.BROKEN else png(colour=(number, 10, 90))
        return Response(data, media_type="image/png")

    async def clip(self, request: Request) -> Response:
        return Response(CLIP + request.path_params["name"].encode(), media_type="video/mp4")

    def app(self) -> Starlette:
        root = "/v1/midjourney/generations"
        return Starlette(
            routes=[
                Route(root + "/{kind}", self.submit, methods=["POST"]),
                Route("/v1/midjourney/{task_id}", self.flat),
                Route("/v1/tasks/batch", self.batch, methods=["POST"]),
                Route("/v1/tasks/{task_id}", self.unified),
                Route("/v1/tasks/{task_id}/cancel", self.cancel, methods=["POST"]),
                Route("/v1/balance", self.balance),
                Route("/picture/{name}.png", self.picture),
                Route("/clip/{name}.mp4", self.clip),
            ]
        )


def _taken(task: dict[str, Any]) -> Response:
    status = "modal" if task["modal"] else "submitted"
    return JSONResponse({"code": 200, "data": [{"status": status, "task_id": task["id"]}]})


def _error(status: int, message: str) -> Response:
    error = {"code": status, "message": message, "type": "invalid_request_error"}
    return JSONResponse({"error": error}, status)
