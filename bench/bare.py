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
from starlette.types import Receive, Scope, Send

from bench.gateway import KEY, running
from bench.load import request
from bench.site import CHAT, Site
from gesso.http.server import configure
from gesso.upstream.direct import Direct
from gesso.upstream.transfer import Sent


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
        self._client: Direct | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == Bare.health:
            await _start(send, 200, b"text/plain")
            await send({"type": "http.response.body", "body": b"ok"})
            return
        if self._client is None:
            self._client = Direct(connect_s=5)
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {"content-type": "application/json"}
        reply = self._client.send(Sent("POST", self._upstream + scope["path"], headers, body))
        await reply.head(60)
        await _start(send, reply.status, reply.headers["content-type"].encode())
        while chunk := await reply.read(60):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await reply.close()
        await send({"type": "http.response.body"})


async def _start(send: Send, status: int, kind: bytes) -> None:
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})


if __name__ == "__main__":
    app = _App(f"http://127.0.0.1:{sys.argv[2]}")
    uvicorn.Server(configure(app, "127.0.0.1", int(sys.argv[1]), log_level="error")).run()
