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
from collections.abc import AsyncGenerator

from gesso.kit.patience import Patience
from gesso.upstream.connection import Connection
from gesso.upstream.request import Place, read_url, write_head
from gesso.upstream.transfer import Broken, Pieces, Sent, Unreached

#: A side that is not read from, or not written to, holds about this many bytes at most.
_WAITING = 256 * 1024
#: Connections that are kept for the next call, to one place.
_IDLE = 512
#: How long they are; servers close them after five seconds and more.
_IDLE_S = 60.0


class Direct:
    """Calls without a proxy; lives as long as the loop it was made in."""

    def __init__(
        self, *, connect_s: float, idle_s: float = _IDLE_S, most_idle: int = _IDLE
    ) -> None:
        """Take how long connecting may take, and how many connections are kept how long."""
        self.loop = asyncio.get_running_loop()
        self.patience = Patience()
        self._connect_s = connect_s
        self._idle_s = idle_s
        self._most_idle = most_idle
        self._idle: dict[Place, list[Connection]] = {}  #: Who waits longest stands first.
        self._unsent: list[Connection] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None

    def send(self, sent: Sent) -> _Exchange:
        """Begin an exchange, which `head` carries out; raises Unusable."""
        place, target, login = read_url(sent.url)
        return _Exchange(self, place, write_head(sent, place, target, login), sent)

    def find(self, place: Place) -> Connection | None:
        """Return the connection that was used last of those that are kept, if there is one."""
        kept = self._idle.get(place)
        while kept:
            line = kept.pop()
            if not line.is_closing and self.loop.time() - line.idle_since_s <= self._idle_s:
                line.reused = True
                return line
            line.close()
        return None

    async def connect(self, place: Place) -> Connection:
        """Return a new connection; raises Unreached."""
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
        if line.is_closing:  # What was told of that, nobody has heard.
            raise Unreached("it hangs up")
        return line

    def keep(self, line: Connection) -> None:
        """Take a connection back whose exchange is over."""
        kept = self._idle.setdefault(line.place, [])
        if len(kept) >= self._most_idle:
            line.close()
            return
        line.idle_since_s = self.loop.time()
        kept.append(line)
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self._idle_s, self._sweep)

    def forget(self, line: Connection) -> None:
        """Drop a connection that the other side closed."""
        kept = self._idle.get(line.place, [])
        if line in kept:
            kept.remove(line)

    def post(self, line: Connection) -> None:
        """Let a connection send when this turn of the loop is over, together with all others.

        Each send wakes the other side and takes the processor's small caches from the calls
        that have their turn here (docs/decisions/0023). Alone, it sends at once.
        """
        if self.patience.is_idle and not self._unsent:
            line.flush()
            return
        if not self._unsent:
            self.loop.call_soon(self._flush)
        self._unsent.append(line)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        for line in unsent:
            line.flush()

    def _sweep(self) -> None:
        """Close what nobody has used for long, which a few busy connections would hide."""
        since_s = self.loop.time() - self._idle_s
        for place, kept in list(self._idle.items()):
            while kept and kept[0].idle_since_s <= since_s:
                kept.pop(0).close()
            if not kept:
                del self._idle[place]
        more = bool(self._idle)
        self._sweeper = self.loop.call_later(self._idle_s, self._sweep) if more else None

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


class _Exchange:
    """A request and its answer; implements `Transfer`."""

    __slots__ = (
        "_body", "_client", "_done", "_error", "_gone", "_head", "_line", "_place", "_pump",
        "_size", "_size_bytes", "_start", "_waiter", "_waiting", "headers", "status",
    )  # fmt: skip

    def __init__(self, client: Direct, place: Place, start: bytes, sent: Sent) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._client = client
        self._place = place
        self._start = start
        self._body = sent.body
        self._size_bytes = sent.size_bytes
        self._line: Connection | None = None
        self._pump: asyncio.Task[None] | None = None
        self._gone = False  #: Whether the request was written whole.
        self._head = False
        self._done = False
        self._error: Exception | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None

    # What the caller asks ------------------------------------------------------------------

    async def head(self, within_s: float) -> None:
        """Send the request and wait for the head of the answer."""
        client = self._client
        line = client.find(self._place) or await client.connect(self._place)
        self._send(line)
        while not self._head:
            if self._error is None:
                await self._wait(within_s)
            elif line.reused and not line.heard and isinstance(self._body, bytes):
                # It was closed while the request was on its way: nobody has begun to answer.
                self._error = None
                line = await client.connect(self._place)
                self._send(line)
            else:
                raise self._error

    def take_whole(self) -> bytes | None:
        """Return all of the body if it is here by now; else None."""
        if not self._done or self._size > _WAITING:
            return None
        found = self._waiting
        data = found[0] if len(found) == 1 else b"".join(found)
        found.clear()
        self._size = 0
        return data

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
            line.end(whole=self._done and self._gone)
        pump = self._pump
        if pump is not None and not pump.done():
            # Whose pieces they are may close their files next.
            pump.cancel()
            await asyncio.wait([pump])

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

    def give_up(self) -> None:
        """Note that it was waited long enough."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(TimeoutError())

    # ---------------------------------------------------------------------------------------

    def _send(self, line: Connection) -> None:
        self._line = line
        body = self._body
        if isinstance(body, bytes):
            line.begin(self, self._start + body if len(body) < _WAITING else self._start)
            if len(body) >= _WAITING:
                line.write(body)
            self._gone = True
        else:
            line.begin(self, self._start)
            self._pump = self._client.loop.create_task(self._send_pieces(line, body))

    async def _send_pieces(self, line: Connection, pieces: Pieces) -> None:
        left = self._size_bytes
        opened = pieces()
        try:
            async for piece in opened:
                if line.is_closing:
                    return  # Whoever waits for the answer hears of that.
                if left is not None:
                    left -= len(piece)
                    if left < 0:
                        break  # The rest would be read as another request.
                    line.write(piece)
                elif piece:
                    line.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await line.drained()
            if left:
                raise Broken("its request has another length than it said")
            if left is None and not line.is_closing:
                line.write(b"0\r\n\r\n")
            self._gone = True
        except Exception as error:
            # Whoever waits for the answer hears that the request could not be read.
            self.fail(error)
        finally:
            if isinstance(opened, AsyncGenerator):
                await opened.aclose()

    async def _wait(self, within_s: float) -> None:
        client = self._client
        self._waiter = client.loop.create_future()
        step = client.patience.begin(self, within_s)
        try:
            await self._waiter
        finally:
            client.patience.end(self, step)
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
        return "it speaks no TLS"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "its name is not known"
    return "nobody answers there"
