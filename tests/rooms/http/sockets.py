"""Bytes in, bytes out: a server on loopback and a client that knows no HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gesso.http.protocol import Protocol
from gesso.http.server import configure
from tests.serving import running

#: How long anything may take that a test waits for.
PATIENCE_S = 20

#: What begins a message of ASGI that an answer begins with.
START = "http.response.start"
BODY = "http.response.body"


def configuration(app: ASGIApp, protocol: type[HttpToolsProtocol] = Protocol) -> uvicorn.Config:
    """Return gesso's configuration of the server, with another protocol if asked for."""
    config = configure(app, "127.0.0.1", 0, log_level="critical")
    assert config.http is Protocol
    config.http = protocol
    return config


class Line(asyncio.Transport):
    """The server's end of a connection that leads nowhere; notes what is done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.events: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep what is sent."""
        self.sent.put_nowait(bytes(data))

    def close(self) -> None:
        """Note that it is over."""
        self.events.append("close")

    def is_closing(self) -> bool:
        """Say whether it was closed."""
        return "close" in self.events

    def pause_reading(self) -> None:
        """Note that nothing is to come."""
        self.events.append("pause")

    def resume_reading(self) -> None:
        """Note that more may come."""
        self.events.append("resume")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Know nothing."""
        return default


def connect(app: ASGIApp) -> tuple[Protocol, Line]:
    """Return the server's side of a connection and what it writes to."""
    config, line = configuration(app), Line()
    config.load()
    protocol = Protocol(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(line)
    return protocol, line


class Wire:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)

    async def hear(self, end: bytes) -> bytes:
        """Return what comes until `end` has come."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readuntil(end)

    async def take(self, count: int) -> bytes:
        """Return as many bytes."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readexactly(count)

    async def hear_out(self) -> bytes:
        """Return everything until the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.read()

    def leave(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()


@asynccontextmanager
async def calling(url: str, limit_bytes: int = 2**16) -> AsyncIterator[Wire]:
    """Connect to a server while the block lasts."""
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit_bytes)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def converse(app: ASGIApp, protocol: type[HttpToolsProtocol], said: bytes) -> bytes:
    """Return all that a server answers until it closes, with the date left out."""
    async with running(configuration(app, protocol)) as url, calling(url) as wire:
        wire.say(said)
        heard = await wire.hear_out()
    return re.sub(rb"\r\ndate: [^\r]*", b"", heard)
