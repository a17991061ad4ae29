"""The contract of gesso's providers, on a small server that misbehaves on demand."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from gesso_example import open_provider
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gesso.domain.channel import Channel
from gesso.domain.provider import Provider
from gesso.testing.provider_contract import ProviderContract
from gesso.testing.rig import PATIENCE_S, RETRY_AFTER_S, SECRET, Rig, Trouble


class Server:
    """The imagined API."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.trouble: Trouble | None = None
        self.stopped = False

    async def handle(self, request: Request) -> Response:
        order, trouble = request.method == "POST", self.trouble
        while self.trouble is Trouble.HANG:
            await asyncio.sleep(0.02)
        if trouble is Trouble.LOCKED or request.headers["authorization"] != f"Bearer {SECRET}":
            return JSONResponse({"error": f"who is {SECRET}?"}, 401)
        if order and trouble is Trouble.BUSY:
            return Response(b"", 429, {"retry-after": str(RETRY_AFTER_S)})
        if trouble is (Trouble.GARBLE if order else Trouble.GARBLE_LOOK):
            return Response(b"<html>", media_type="text/html")
        if not order:
            return self.look(request)
        if trouble is Trouble.REFUSE:
            return JSONResponse({"error": f"never, {SECRET}"}, 422)
        job = await request.json() | {"id": f"job-{len(self.jobs)}", "since": time.monotonic()}
        self.jobs[job["id"]] = job
        if trouble is Trouble.LOSE:
            return StreamingResponse(broken())
        return JSONResponse({"id": job["id"]}, 201)

    def look(self, request: Request) -> Response:
        if "reference" in request.query_params:
            wanted = request.query_params["reference"]
            return JSONResponse([j for j in self.jobs.values() if j["reference"] == wanted])
        if request.method == "DELETE":
            self.stopped = True
            return JSONResponse({})
        job = self.jobs[request.path_params["id"]]
        if self.trouble is Trouble.STUCK or time.monotonic() - job["since"] < 0.05:
            return JSONResponse({"status": "working", "percent": 40})
        if self.trouble is Trouble.FAIL:
            error = f"no room at {request.url.netloc} for {SECRET}"
            return JSONResponse({"status": "failed", "error": error})
        urls = [f"{request.base_url}pictures/{n}" for n in range(4)]
        return JSONResponse({"status": "done", "pictures": urls})

    async def picture(self, request: Request) -> Response:
        out = io.BytesIO()
        Image.new("RGB", (16, 16), (60 * int(request.path_params["n"]), 9, 9)).save(out, "PNG")
        return Response(b"none" if self.trouble is Trouble.BROKEN else out.getvalue())


async def broken() -> AsyncIterator[bytes]:
    yield b"{"
    raise ConnectionResetError


class ExampleRig(Rig):
    """The provider with its server."""

    def __init__(self, server: Server, url: str) -> None:
        super().__init__(Channel("ch", "ch", "example", base_url=url, options={"api_key": SECRET}))
        self._server = server

    def open(self) -> Provider:
        return open_provider(upstream_poll_s=0.02, upstream_answer_s=PATIENCE_S)

    def make(self, trouble: Trouble | None) -> None:
        self._server.trouble = trouble

    @property
    def started(self) -> int:
        return len(self._server.jobs)

    @property
    def stopped(self) -> bool:
        return self._server.stopped


class TestExample(ProviderContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:
        api = Server()
        routes = [
            Route("/jobs", api.handle, methods=["GET", "POST"]),
            Route("/jobs/{id}", api.handle, methods=["GET", "DELETE"]),
            Route("/pictures/{n}", api.picture),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="critical")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield ExampleRig(api, f"http://127.0.0.1:{port}")
        api.trouble = None
        server.should_exit = True
        await running
