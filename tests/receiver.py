"""A receiver of callbacks in the test's own process: it outlives killed gateways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.client import FINAL
from tests.serving import serving


class Receiver:
    """A real HTTP server that remembers what it was told."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.fail_first = 0  #: So many callbacks are answered with 503.

    async def hear(self, request: Request) -> Response:
        body = await request.body()
        if self.fail_first > 0:
            self.fail_first -= 1
            return Response(status_code=503)
        self.heard.append((dict(request.headers), body))
        self.paths.append(request.url.path)
        return Response(status_code=204)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """What was told, in the order of hearing."""
        return [json.loads(body) for _, body in self.heard]

    @property
    def ids(self) -> dict[tuple[str, str, str], set[str]]:
        """The webhook-ids of every told state of every task."""
        found: dict[tuple[str, str, str], set[str]] = {}
        for headers, body in self.heard:
            task = json.loads(body)
            event = (task["id"], task["status"], task["progress"])
            found.setdefault(event, set()).add(headers["webhook-id"])
        return found

    async def until_final(self) -> list[dict[str, Any]]:
        """Wait until the newest callback tells an end."""
        async with asyncio.timeout(20):
            while not (self.heard and self.tasks[-1]["status"] in FINAL):
                await asyncio.sleep(0.02)
        return self.tasks


@asynccontextmanager
async def running_receiver() -> AsyncIterator[Receiver]:
    """Run a receiver on loopback while the block lasts."""
    receiver = Receiver()
    # A webhook of the APIMart wire calls a path below the one that was named.
    paths = ("/hook", "/hook/callback")
    routes = [Route(path, receiver.hear, methods=["POST"]) for path in paths]
    async with serving(Starlette(routes=routes)) as url:
        receiver.url = f"{url}/hook"
        yield receiver
