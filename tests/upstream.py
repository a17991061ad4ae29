"""A real upstream of the Midjourney-proxy wire that does what its script says.

It counts what it was asked to start and remembers every call. Tests run it on loopback in
their own process; the crash tests run it as a process, so that it outlives killed gateways.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import sys
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.serving import serving

DIALOG = {"code": 21, "description": "窗口等待", "properties": {"finalPrompt": "as it was"}}
CLIP = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


@dataclass
class Script:
    """How the upstream behaves; the default takes everything and delivers after `takes_s`."""

    takes_s: float = 0.0
    #: Answers to the next submits that are given without taking anything: JSON or raw bytes.
    answers: deque[tuple[int, Any]] = field(default_factory=deque)
    headers: dict[str, str] = field(default_factory=dict)  #: Of those answers.
    #: What becomes of the next taken submits' answers: `drop` the connection or `502`.
    losses: deque[str] = field(default_factory=deque)
    pictures: deque[tuple[int, bytes]] = field(default_factory=deque)  #: Before the good ones.
    dialogs: bool = False  #: Every pressed button waits for its dialog.
    stuck: bool = False  #: Taken tasks never end and make no progress.
    garbage_polls: int = 0  #: So many looks are answered with a page of HTML.
    batches: bool = True  #: Whether there is a list-by-condition.
    buttons: list[str] = field(default_factory=list)
    fails: str = ""  #: Tasks fail with this reason.
    facts: dict[str, Any] = field(default_factory=dict)  #: More fields of every finished task.


def png(width: int = 16, height: int = 16, colour: tuple[int, int, int] = (200, 90, 160)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def cut_png() -> bytes:
    """A picture with its end marker and half of its pixels: only decoding it shows the fault."""
    noise = Image.effect_noise((64, 64), 90)
    out = io.BytesIO()
    noise.save(out, "PNG")
    whole = out.getvalue()
    start = whole.index(b"IDAT") - 4
    size = int.from_bytes(whole[start : start + 4], "big")
    part = whole[start + 8 : start + 8 + size // 2]
    check = zlib.crc32(b"IDAT" + part).to_bytes(4, "big")
    end = bytes.fromhex("0000000049454e44ae426082")
    return whole[:start] + len(part).to_bytes(4, "big") + b"IDAT" + part + check + end


class Dropped(Response):
    """Promises more bytes than it sends, so that the server breaks the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        head = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b'{"code":', "more_body": False})


class Upstream:
    """One upstream with its tasks."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.script = Script(takes_s=takes_s)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.started: dict[str, int] = {}
        self.cancelled: list[str] = []
        #: Every submit: path, body and headers, refused ones too.
        self.heard: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.asked: list[list[str]] = []  #: The ids of every list-by-condition.
        self.fetched: list[str] = []
        self.told = asyncio.Event()  #: Set by a cancel.
        self.url = ""
        self._numbers = itertools.count(1000)

    # Submitting -------------------------------------------------------------------------

    async def submit(self, request: Request) -> Response:
        body = await request.json()
        path = request.url.path
        self.heard.append((path, body, dict(request.headers)))
        if self.script.answers:
            status, answer = self.script.answers.popleft()
            if isinstance(answer, bytes):
                return Response(answer, status, self.script.headers, "text/html")
            return JSONResponse(answer, status)
        if path.endswith("/modal"):
            job = self.jobs[body["taskId"]]
            job |= {"dialog": False, "since": time.monotonic()}
        else:
            job = self._take(path, body)
        loss = self.script.losses.popleft() if self.script.losses else ""
        if loss == "drop":
            return Dropped()
        if loss:
            return Response(b"<html>bad gateway</html>", int(loss))
        if job["dialog"]:
            return JSONResponse({**DIALOG, "result": job["id"]})
        return JSONResponse({"code": 1, "description": "ok", "result": job["id"]})

    def _take(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        job_id = str(next(self._numbers))
        # One prompt is one task of the test, whatever attempt it is.
        name = body.get("prompt") or path.rpartition("/")[2]
        self.started[name] = self.started.get(name, 0) + 1
        job = {
            "state": body.get("state", ""),
            "since": time.monotonic(),
            "id": job_id,
            "dialog": self.script.dialogs and path.endswith("/action"),
        }
        self.jobs[job_id] = job
        return job

    # Looking ----------------------------------------------------------------------------

    def show(self, job: dict[str, Any], base: str) -> dict[str, Any]:
        shown = {"id": job["id"], "state": job["state"], "status": "IN_PROGRESS", "progress": "0%"}
        script = self.script
        if job["dialog"]:
            return shown | {"status": "MODAL"}
        if script.stuck:
            return shown
        share = (time.monotonic() - job["since"]) / (script.takes_s or 1e-9)
        if share < 1:
            return shown | {"progress": f"{int(share * 100)}%"}
        if script.fails:
            return shown | {"status": "FAILURE", "failReason": script.fails}
        done = {"imageUrl": f"{base}picture/{job['id']}.png", "buttons": self._buttons()}
        hashes = {"messageHash": "11111111-2222-3333-4444-555555555555"}
        finished = shown | {"status": "SUCCESS", "progress": "100%", **done, "properties": hashes}
        return finished | script.facts

    def _buttons(self) -> list[dict[str, str]]:
        return [{"customId": one, "label": "", "emoji": ""} for one in self.script.buttons]

    def _garbage(self) -> Response | None:
        if self.script.garbage_polls <= 0:
            return None
        self.script.garbage_polls -= 1
        return Response(b"<html>busy</html>", media_type="text/html")

    async def fetch(self, request: Request) -> Response:
        self.fetched.append(request.path_params["job_id"])
        job = self.jobs.get(request.path_params["job_id"])
        garbage = self._garbage()
        if garbage is not None:
            return garbage
        return JSONResponse(None if job is None else self.show(job, str(request.base_url)))

    async def batch(self, request: Request) -> Response:
        if not self.script.batches:
            return Response(b"<html>no such page</html>", 404, media_type="text/html")
        ids = (await request.json())["ids"]
        self.asked.append(ids)
        found = [self.show(self.jobs[i], str(request.base_url)) for i in ids if i in self.jobs]
        return self._garbage() or JSONResponse(found)

    async def listing(self, request: Request) -> Response:
        newest = list(self.jobs.values())[-99:]
        return JSONResponse([self.show(job, str(request.base_url)) for job in newest])

    async def cancel(self, request: Request) -> Response:
        self.cancelled.append(request.path_params["job_id"])
        self.told.set()
        return JSONResponse({"code": 1, "description": "成功"})

    async def picture(self, request: Request) -> Response:
        if self.script.pictures:
            status, data = self.script.pictures.popleft()
            return Response(data, status, media_type="image/png")
        colour = (int(request.path_params["job_id"]) % 256, 90, 160)
        return Response(png(colour=colour), media_type="image/png")

    async def clip(self, request: Request) -> Response:
        number = str(request.path_params["number"]).encode()
        return Response(CLIP + number, media_type="video/mp4")

    async def counts(self, request: Request) -> Response:
        return JSONResponse(self.started)

    def app(self) -> Starlette:
        submit = "/mj/submit/{action}"
        return Starlette(
            routes=[
                Route(submit, self.submit, methods=["POST"]),
                Route("/mj/insight-face/swap", self.submit, methods=["POST"]),
                Route("/mj/task/list", self.listing),
                Route("/mj/task/list-by-condition", self.batch, methods=["POST"]),
                Route("/mj/task/{job_id}/fetch", self.fetch),
                Route("/mj/task/{job_id}/cancel", self.cancel, methods=["POST"]),
                Route("/picture/{job_id}.png", self.picture),
                Route("/clip/{number}.mp4", self.clip),
                Route("/counts", self.counts),
            ]
        )


@asynccontextmanager
async def running_upstream(takes_s: float = 0.0) -> AsyncIterator[Upstream]:
    """Run an upstream on loopback while the block lasts."""
    upstream = Upstream(takes_s)
    async with serving(upstream.app()) as url:
        upstream.url = url
        yield upstream


if __name__ == "__main__":
    # The crash tests kill at many moments: a job takes long enough to be killed in it.
    uvicorn.run(Upstream(takes_s=0.6).app(), port=int(sys.argv[1]), log_level="error")
