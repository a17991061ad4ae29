"""A server that says what a test tells it to, byte for byte, on loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gesso.upstream.transfer import Transfer

#: An answer that says how long it is, after which the connection stays open.
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
#: The loops that connections run on.
LOOPS = [
    ("asyncio", {"use_uvloop": False}),
    ("asyncio", {"use_uvloop": True}),
]
_ENDS = (asyncio.IncompleteReadError, ConnectionError)


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    head: str
    body: bytes

    @property
    def lines(self) -> list[str]:
        return self.head.split("\r\n")


class Peer:
    """One connection, seen from the server."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.number = number  #: The first is 0.
        self.reader = reader
        self.writer = writer

    async def head(self) -> str:
        """Read a request up to its body; "" where none comes any more."""
        try:
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except _ENDS:
            return ""

    async def request(self) -> Request | None:
        """Read a request whole; None where none comes any more, or only a part of it."""
        head = await self.head()
        length = head.lower().partition("content-length: ")[2].partition("\r\n")[0]
        try:
            if "transfer-encoding: chunked" in head.lower():
                return Request(head, await self._chunks())
            return Request(head, await self.reader.readexactly(int(length or 0))) if head else None
        except _ENDS:
            return None

    async def say(self, *parts: bytes) -> None:
        """Send bytes, and give the other side a chance to hear each part alone."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            if len(parts) > 1:
                await asyncio.sleep(0)

    async def left(self) -> None:
        """Wait until the other side has closed."""
        try:
            while await self.reader.read(1 << 20):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        """Break it off."""
        self.writer.transport.abort()

    async def _chunks(self) -> bytes:
        found = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            found.append(await self.reader.readexactly(size))
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return b"".join(found)


Serve = Callable[[Peer], Awaitable[None]]


@dataclass
class Server:
    """A server that listens."""

    port: int = 0
    peers: list[Peer] = field(default_factory=list)  #: Every connection there was.
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat"


@asynccontextmanager
async def scripted(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve each connection by a function; where that ends, the connection does, too."""
    server = Server()

    async def run(peer: Peer) -> None:
        try:
            await serve(peer)
        finally:
            peer.writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(len(server.peers), reader, writer)
        server.peers.append(peer)
        server.tasks.append(asyncio.create_task(run(peer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in server.tasks:
            task.cancel()
        ends = await asyncio.gather(*server.tasks, return_exceptions=True)
        for peer in server.peers:
            peer.reset()
        # The other side hears of that before the loop is gone.
        await asyncio.sleep(0.005)
    for end in ends:
        if isinstance(end, Exception) and not isinstance(end, ConnectionError):
            raise end


def answering(*answers: bytes) -> Serve:
    """Return who gives these answers in turn, over all connections, and the last for ever."""
    left = list(answers)

    async def serve(peer: Peer) -> None:
        while await peer.request():
            await peer.say(left.pop(0) if len(left) > 1 else left[0])

    return serve


async def finish(transfer: Transfer) -> bytes:
    """Take a whole answer and return its body."""
    try:
        await transfer.head(5)
        return await rest(transfer)
    finally:
        await transfer.close()


async def rest(transfer: Transfer) -> bytes:
    """Read what there still is of a body."""
    found = b""
    while piece := await transfer.read(5):
        found += piece
    return found


def noting(heard: list[Request]) -> Serve:
    """Return who answers every request with `OK` and keeps what was asked."""

    async def serve(peer: Peer) -> None:
        while request := await peer.request():
            heard.append(request)
            await peer.say(OK)

    return serve
