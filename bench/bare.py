"""`python -m bench.bare <port> <upstream>`: gesso's server and HTTP client, and nothing between.

What no gateway on them can be better than: it reads a body, posts it to the upstream and sends
back what comes. No route, no key, no limit, no account, no count.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from pyreqwest.client import Client, ClientBuilder
from starlette.types import Receive, Scope, Send

from bench.gateway import KEY, running
from bench.load import request
from bench.site import CHAT, Site
from gesso.http.server import configure


class Bare:
    """The floor under gesso, measured like a gateway."""

    name, about = "bare", "gesso's server and client passing bodies on, nothing between them"
    missing, health = "", "/healthz"

    def program(self) -> str:
        """Return what to run."""
        return sys.executable

    def chat(self, site: Site, body: bytes) -> bytes:
        """Return the request of a chat call."""
        return request("POST", CHAT, KEY, body)

    @contextmanager
    def started(self, site: Site) -> Iterator[subprocess.Popen[bytes]]:
        """Run it while the block lasts."""
        command = [sys.executable, "-m", "bench.bare", str(site.port), str(site.upstream)]
        with running(command, dict(os.environ)) as popen:
            yield popen


class _App:
    """Passes bodies on."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._client: Client | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == Bare.health:
            await _start(send, 200, b"text/plain")
            await send({"type": "http.response.body", "body": b"ok"})
            return
        if self._client is None:
            self._client = ClientBuilder().no_proxy().build()
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        asked = self._client.post(self._upstream + scope["path"])
        asked = asked.headers({"content-type": "application/json"}).body_bytes(body)
        if b'"stream":true' in body:
            # No chunk waits for the next one, as in gesso.
            asked = asked.streamed_read_buffer_limit(0)
        async with asked.build_streamed() as reply:
            await _start(send, reply.status, reply.headers["content-type"].encode())
            while (chunk := await reply.body_reader.read_chunk()) is not None:
                await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
        await send({"type": "http.response.body"})


async def _start(send: Send, status: int, kind: bytes) -> None:
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})


if __name__ == "__main__":
    app = _App(f"http://127.0.0.1:{sys.argv[2]}")
    uvicorn.Server(configure(app, "127.0.0.1", int(sys.argv[1]), log_level="error")).run()
