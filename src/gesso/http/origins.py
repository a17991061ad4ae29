"""Other sites' pages may call us: keys travel in headers, never in cookies (CORS)."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gesso.http import headers


class Origins:
    """Adds the headers that browsers ask for.

    A request that names no origin comes from no page and goes the short way. Its answer may be
    kept by a cache, which is told that another origin may get another one; that of a POST is not.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app
        self._long = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
        )

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        if scope["type"] != "http" or b"origin" in headers.by_name(scope):
            return self._long(scope, receive, send)
        if scope["method"] == "POST":
            return self._app(scope, receive, send)
        return self._app(scope, receive, _Varied(send))


class _Varied:
    """Sends an answer on, and says that it depends on the origin."""

    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"vary", b"Origin")]
        await self._send(message)
