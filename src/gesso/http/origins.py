"""Other sites' pages may call us: keys travel in headers, never in cookies (CORS)."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Origins:
    """Adds the headers that browsers ask for.

    A POST that names no origin comes from no page and is kept by no cache, so it goes the
    short way; everything else is told that the answer depends on the origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app
        self._long = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        post = scope["type"] == "http" and scope["method"] == "POST"
        if post and not any(name == b"origin" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
        else:
            await self._long(scope, receive, send)
