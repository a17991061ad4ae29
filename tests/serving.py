"""HTTP servers of the tests' own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free port of loopback while the block lasts; gives its URL.

    Critical logs only: tests break connections on purpose.
    """
    config = uvicorn.Config(app, port=0, interface="asgi3", lifespan="off", log_level="critical")
    async with running(config) as url:
        yield url


@asynccontextmanager
async def running(config: uvicorn.Config) -> AsyncIterator[str]:
    """Run a server while the block lasts; gives its URL.

    Not by `Server.serve`: that looks every 100 ms whether it should end, and a thousand tests
    would wait for it.
    """
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    await server.on_tick(0)  # It writes the header `Date`.
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:  # Also when a test fails: what it left open would hide why.
        await _end(server)


async def _end(server: uvicorn.Server) -> None:
    for listener in server.servers:
        listener.close()
    state = server.server_state
    for connection in list(state.connections):
        connection.shutdown()
    while state.connections or state.tasks:
        await asyncio.sleep(0.002)
