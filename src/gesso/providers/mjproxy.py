"""Any server that speaks the Midjourney-proxy wire, as an upstream.

Facts: wire/midjourney-proxy sections 3, 4 and 6. Our reference travels as `state`, so that
after a broken connection the upstream can be asked what became of an order. This file takes
imagine; the other actions follow with their own issue.
"""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any

import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError

from gesso.domain import prompt
from gesso.domain.errors import Garbled, Refused, Unavailable, Uncertain
from gesso.domain.provider import Delivered, Job, Manifest, Progress, Stage
from gesso.domain.task import Action

_CONNECT = timedelta(seconds=5)
_WHOLE = timedelta(seconds=30)
#: Some upstreams list only so many of their newest tasks.
_LISTED = 100
_BUSY = frozenset({23})


class MidjourneyProxy:
    """Talks to upstreams of this wire."""

    manifest = Manifest(
        name="mjproxy",
        title="Midjourney proxy",
        about="Any server that speaks the Midjourney-proxy wire (/mj/submit/…, /mj/task/…).",
        actions=frozenset({Action.IMAGINE}),
        needs_base_url=True,
        poll_s=1.0,
        can_find=True,
    )

    def __init__(self) -> None:
        """Start without a connection; the client is made inside the running loop."""
        self._client: Client | None = None

    async def submit(self, job: Job) -> str:
        """POST /mj/submit/imagine with our reference as `state`."""
        # Test cards are for the sandbox alone.
        text = prompt.parse(job.task.final_prompt).without("sandbox").write()
        body = {"prompt": text, "state": job.reference}
        try:
            answer = await self._call(job, "POST", "/mj/submit/imagine", body)
        except (ConnectError, ConnectTimeoutError) as error:
            raise Unavailable(f"cannot connect: {error}") from error
        except PyreqwestError as error:
            raise Uncertain(f"{type(error).__name__}: {error}") from error
        code, result = answer.get("code"), answer.get("result")
        if code in {1, 22} and result:
            return str(result)
        reason = str(answer.get("description") or "no reason given")
        if code in _BUSY:
            raise Unavailable(reason)
        if isinstance(code, int):
            raise Refused(f"{reason} (code {code})")
        raise Uncertain(f"not an answer of this wire: {str(answer)[:100]}")

    async def find(self, job: Job) -> str | None:
        """Look for our reference among the upstream's tasks."""
        try:
            listed = await self._call(job, "GET", "/mj/task/list", None)
        except PyreqwestError as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        if not isinstance(listed, list):
            raise Uncertain("the upstream does not list its tasks")
        found = [t for t in listed if isinstance(t, dict) and t.get("state") == job.reference]
        if found:
            return str(found[0]["id"])
        if len(listed) >= _LISTED:
            raise Uncertain("the upstream lists only its newest tasks")
        return None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """GET /mj/task/{id}/fetch."""
        try:
            task = await self._call(job, "GET", f"/mj/task/{upstream_id}/fetch", None)
            if not isinstance(task, dict) or "status" not in task:
                raise Garbled(f"not a task of this wire: {str(task)[:100]}")
            status = task["status"]
            if status == "SUCCESS":
                return await self._fetch_picture(job, task)
        except PyreqwestError as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        if status in {"FAILURE", "CANCEL"}:
            reason = task.get("failReason") or "the upstream gave no reason"
            return Progress(Stage.FAILED, code="refused", reason=str(reason))
        return Progress(Stage.WORKING, _percent(task.get("progress")))

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """POST /mj/task/{id}/cancel; upstreams without it just go on."""
        try:
            await self._call(job, "POST", f"/mj/task/{upstream_id}/cancel", {})
        except (PyreqwestError, Unavailable, Refused, Garbled):
            return

    async def _fetch_picture(self, job: Job, task: dict[str, Any]) -> Progress:
        url = task.get("imageUrl")
        if not isinstance(url, str):
            raise Garbled("a finished task without a picture")
        response = await self._get_client().get(url).build().send()
        if response.status != 200:
            raise Unavailable(f"the picture answers HTTP {response.status}")
        data = bytes(await response.bytes())
        pictures = await asyncio.to_thread(_split, data)
        return Progress(Stage.DONE, 100, pictures=pictures, expected=4)

    async def _call(self, job: Job, method: str, path: str, body: dict[str, Any] | None) -> Any:
        request = self._get_client().request(method, job.channel.base_url.rstrip("/") + path)
        if body is not None:
            request = request.body_bytes(msgspec.json.encode(body))
            request = request.headers({"content-type": "application/json"})
        response = await request.build().send()
        data = bytes(await response.bytes())
        if response.status in {401, 403}:
            raise Refused(f"the upstream refuses our key (HTTP {response.status})")
        if response.status >= 500:
            raise (
                Unavailable(f"HTTP {response.status}")
                if method == "GET"
                else Uncertain(f"HTTP {response.status}")
            )
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            raise (Garbled if method == "GET" else Uncertain)("the answer is not JSON") from error

    def _get_client(self) -> Client:
        if self._client is None:
            builder = ClientBuilder().no_proxy().connect_timeout(_CONNECT).timeout(_WHOLE)
            self._client = builder.build()
        return self._client


def open_provider(**_: Any) -> MidjourneyProxy:
    """Open the provider."""
    return MidjourneyProxy()


def _percent(text: object) -> int:
    digits = str(text or "").rstrip("%")
    return min(99, int(digits)) if digits.isascii() and digits.isdigit() else 0


def _split(data: bytes) -> list[Delivered]:
    """Return the grid and its four quarters."""
    from PIL import Image

    pictures = [Delivered(0, data)]
    with Image.open(io.BytesIO(data)) as grid:
        wide, high = grid.width // 2, grid.height // 2
        for number in range(4):
            left, top = number % 2 * wide, number // 2 * high
            out = io.BytesIO()
            grid.crop((left, top, left + wide, top + high)).convert("RGB").save(out, "PNG")
            pictures.append(Delivered(number + 1, out.getvalue()))
    return pictures
