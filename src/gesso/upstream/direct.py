"""HTTP/1.1 inside the event loop, for calls that are relayed by the thousand.

The parser is llhttp, which the server reads requests with; what stands around it here is the
least that a gateway's way out needs. A client with a thread of its own takes the interpreter
from the loop twice per call, which costs three times what this does (docs/decisions/0020).
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl

from gesso.upstream.connection import Connection
from gesso.upstream.request import Place, read_url, write_head
from gesso.upstream.transfer import Pieces, Sent, Unreached

#: A side that is not read from, or not written to, holds about this many bytes at most.
_WAITING = 256 * 1024
#: Connections that are kept for the next call, to one place.
_IDLE = 512
#: How long they are; servers close them after five seconds and more.
_IDLE_S = 60.0


class Direct:
    """Calls without a proxy; lives as long as the loop it was made in."""

    def __init__(self, *, connect_s: float) -> None:
        """Take how long connecting may take."""
        self.loop = asyncio.get_running_loop()
        self._connect_s = connect_s
        self._idle: dict[Place, list[Connection]] = {}
        self._tls: ssl.SSLContext | None = None

    def send(self, sent: Sent) -> _Exchange:
        """Begin an exchange, which `head` carries out; raises Unusable."""
        place, target, login = read_url(sent.url)
        return _Exchange(self, place, write_head(sent, place, target, login), sent.body)

    async def line(self, place: Place, *, fresh: bool) -> Connection:
        """Return a connection, a kept one unless it must be `fresh`; raises Unreached."""
        kept = self._idle.get(place)
        while kept:
            line = kept.pop()
            if fresh or line.is_closing or self.loop.time() - line.idle_since_s > _IDLE_S:
                line.close()
            else:
                line.reused = True
                return line
        try:
            async with asyncio.timeout(self._connect_s):
                _, line = await self.loop.create_connection(
                    functools.partial(Connection, place, self),
                    place.host,
                    place.port,
                    ssl=self._trust() if place.scheme == "https" else None,
                )
        except (OSError, UnicodeError) as error:
            raise Unreached(_why(error)) from error
        return line

    def keep(self, line: Connection) -> None:
        """Take a connection back whose exchange is over."""
        kept = self._idle.setdefault(line.place, [])
        if len(kept) < _IDLE:
            line.idle_since_s = self.loop.time()
            kept.append(line)
        else:
            line.close()

    def forget(self, line: Connection) -> None:
        """Drop a connection that the other side closed."""
        kept = self._idle.get(line.place, [])
        if line in kept:
            kept.remove(line)

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


class _Exchange:
    """A request and its answer; implements `Transfer`."""

    __slots__ = (
        "_body", "_client", "_done", "_error", "_head", "_line", "_place", "_pump", "_size",
        "_start", "_waiter", "_waiting", "headers", "status",
    )  # fmt: skip

    def __init__(self, client: Direct, place: Place, start: bytes, body: bytes | Pieces) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._client = client
        self._place = place
        self._start = start
        self._body = body
        self._line: Connection | None = None
        self._pump: asyncio.Task[None] | None = None
        self._head = False
        self._done = False
        self._error: Exception | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None

    # What the caller asks ------------------------------------------------------------------

    async def head(self, within_s: float) -> None:
        """Send the request and wait for the head of the answer."""
        line = await self._send(fresh=False)
        while not self._head:
            if self._error is None:
                await self._wait(within_s)
            elif line.reused and not line.heard and isinstance(self._body, bytes):
                # It was closed while the request was on its way: nobody has begun to answer.
                self._error = None
                line = await self._send(fresh=True)
            else:
                raise self._error

    async def read(self, within_s: float) -> bytes:
        """Return what there is of the body, b"" at its end."""
        while not self._waiting:
            if self._error is not None:
                raise self._error
            if self._done:
                return b""
            await self._wait(within_s)
        found = self._waiting
        data = found[0] if len(found) == 1 else b"".join(found)
        found.clear()
        if self._size > _WAITING and self._line is not None:
            self._line.go_on()
        self._size = 0
        return data

    async def close(self) -> None:
        """End it; an answer that is still under way is broken off."""
        line, self._line = self._line, None
        if line is not None:
            line.end(whole=self._done and (self._pump is None or self._pump.done()))
        if self._pump is not None:
            self._pump.cancel()

    # What its connection tells -------------------------------------------------------------

    def begin(self, status: int, headers: dict[str, str]) -> None:
        """Note the head."""
        self.status, self.headers = status, headers
        self._head = True
        self._wake()

    def take(self, data: bytes) -> bool:
        """Keep a piece of the body; says whether that is enough for now."""
        self._waiting.append(data)
        self._size += len(data)
        self._wake()
        return self._size > _WAITING

    def finish(self) -> None:
        """Note that the answer is whole."""
        self._done = True
        self._wake()

    def fail(self, error: Exception) -> None:
        """Note that no more comes."""
        if not self._done and self._error is None:
            self._error = error
            self._wake()

    # ---------------------------------------------------------------------------------------

    async def _send(self, *, fresh: bool) -> Connection:
        self._line = line = await self._client.line(self._place, fresh=fresh)
        body = self._body
        if isinstance(body, bytes):
            line.begin(self, self._start + body if len(body) < _WAITING else self._start)
            if len(body) >= _WAITING:
                line.write(body)
        else:
            line.begin(self, self._start)
            self._pump = self._client.loop.create_task(self._send_pieces(line, body))
        return line

    async def _send_pieces(self, line: Connection, pieces: Pieces) -> None:
        chunked = b"\r\ntransfer-encoding:" in self._start
        try:
            async for piece in pieces():
                if piece:
                    line.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                    await line.drained()
            if chunked:
                line.write(b"0\r\n\r\n")
        except Exception as error:
            # Whoever waits for the answer hears that the request could not be read.
            self.fail(error)

    async def _wait(self, within_s: float) -> None:
        loop = self._client.loop
        self._waiter = waiter = loop.create_future()
        timer = loop.call_later(within_s, _give_up, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _why(error: Exception) -> str:
    """Return why there is no connection: the errors' own texts name the host."""
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, ssl.SSLError):
        return "no TLS"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "its name is not known"
    return "nobody answers there"


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
