"""The HTTP server as gesso runs it."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

from gesso.http.protocol import Protocol


def configure(app: ASGIApp, host: str, port: int, *, log_level: str = "warning") -> uvicorn.Config:
    """Return the server's configuration for an application."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Protocol,
        # Not for the server to guess: an application may be a plain function that returns another.
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_level=log_level,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        # Idle keep-alive connections are cheap; pollers come back every few seconds.
        timeout_keep_alive=75,
    )
