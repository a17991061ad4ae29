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
from base64 import b64encode
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import httptools

from gesso.upstream.transfer import Broken, Pieces, Sent, Unreached, Unusable

#: A side that is not read from, or not written to, holds about this many bytes at most.
_WAITING = 256 * 1024
#: The most bytes before the end of an answer's head.
_HEAD = 256 * 1024
#: Connections that are kept for the next call, to one place.
_IDLE = 512
#: How long they are; servers close them after five seconds and more.
_IDLE_S = 60.0
_SCHEMES = {"http": 80, "https": 443}


class Direct:
    """Calls without a proxy; lives as long as the loop it was made in."""

    def __init__(self, *, connect_s: float) -> None:
        """Take how long connecting may take."""
        self.loop = asyncio.get_running_loop()
        self._connect_s = connect_s
        self._idle: dict[_Place, list[_Line]] = {}
        self._tls: ssl.SSLContext | None = None

    def send(self, sent: Sent) -> _Exchange:
        """Begin an exchange, which `head` carries out; raises Unusable."""
        place, target, login = _read(sent.url)
        return _Exchange(self, place, _write(sent, place, target, login), sent.body)

    async def line(self, place: _Place, *, fresh: bool) -> _Line:
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
                    functools.partial(_Line, self, place),
                    place.host,
                    place.port,
                    ssl=self._trust() if place.scheme == "https" else None,
                )
        except (OSError, UnicodeError) as error:
            raise Unreached(_why(error)) from error
        return line

    def keep(self, line: _Line) -> None:
        """Take a connection back whose exchange is over."""
        kept = self._idle.setdefault(line.place, [])
        if len(kept) < _IDLE:
            line.idle_since_s = self.loop.time()
            kept.append(line)
        else:
            line.close()

    def forget(self, line: _Line) -> None:
        """Drop a connection that the other side closed."""
        kept = self._idle.get(line.place, [])
        if line in kept:
            kept.remove(line)

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int


class _Exchange:
    """A request and its answer; implements `Transfer`."""

    __slots__ = (
        "_body", "_client", "_done", "_error", "_head", "_line", "_place", "_pump", "_size",
        "_start", "_waiter", "_waiting", "headers", "status",
    )  # fmt: skip

    def __init__(self, client: Direct, place: _Place, start: bytes, body: bytes | Pieces) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._client = client
        self._place = place
        self._start = start
        self._body = body
        self._line: _Line | None = None
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

    async def _send(self, *, fresh: bool) -> _Line:
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

    async def _send_pieces(self, line: _Line, pieces: Pieces) -> None:
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


class _Line(asyncio.Protocol):
    """A connection, which carries one exchange after the other."""

    def __init__(self, client: Direct, place: _Place) -> None:
        self.place = place
        self.reused = False
        self.heard = False  #: Whether anything came for the exchange of now.
        self.idle_since_s = 0.0
        self._client = client
        self._exchange: _Exchange | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._in_head = True
        self._head_bytes = 0
        self._keeps = False  #: Whether another exchange may follow.
        self._complete = False
        self._room: asyncio.Future[None] | None = None

    def begin(self, exchange: _Exchange, start: bytes) -> None:
        """Send the start of a request, and hand its answer to an exchange."""
        self._exchange = exchange
        self.heard = False
        self._headers = {}
        self._in_head = True
        self._head_bytes = 0
        self._keeps = self._complete = False
        self._transport.write(start)

    def write(self, data: bytes) -> None:
        """Send more of it."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait while too much of what was written is still here."""
        if self._room is not None:
            await self._room

    def go_on(self) -> None:
        """Read on, after an exchange had enough for a while."""
        self._transport.resume_reading()

    def end(self, *, whole: bool) -> None:
        """Let go of an exchange; where request and answer are `whole`, another may follow."""
        self._exchange = None
        if whole and self._keeps and not self.is_closing:
            self._transport.resume_reading()
            self._client.keep(self)
        else:
            self._transport.abort()

    def close(self) -> None:
        """Close it."""
        self._transport.abort()

    @property
    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return bool(self._transport.is_closing())

    # What the loop tells -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        # uvloop's transports have the interface without the class.
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Read a part of an answer."""
        exchange = self._exchange
        if exchange is None:
            self._transport.abort()  # Nobody asked.
            return
        self.heard = True
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._break("no HTTP")
        if self._in_head and self._head_bytes > _HEAD:
            self._break("its head is too long")

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the other side is gone."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        exchange = self._exchange
        if exchange is None:
            self._client.forget(self)
        elif self._in_head or not self._is_open_ended():
            exchange.fail(Broken("reset" if error else "closed early"))
        else:
            exchange.finish()

    def pause_writing(self) -> None:
        """Note that the other side is slower than we are."""
        self._room = self._client.loop.create_future()

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    # What the parser tells -----------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those that follow a body are of no use."""
        if self._in_head:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Hand the head on, unless another one follows it."""
        status = self._parser.get_status_code()
        if self._complete:
            self._keeps = False  # An answer that nobody asked for.
        elif status >= 200:
            self._in_head = False
            if self._exchange is not None:
                self._exchange.begin(status, self._headers)

    def on_body(self, data: bytes) -> None:
        """Hand a piece on."""
        if not self._complete and self._exchange is not None and self._exchange.take(data):
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note the end of an answer, or of a word before it (1xx)."""
        if self._in_head:
            self._headers = {}
        elif not self._complete:
            self._complete = True
            self._keeps = self._parser.should_keep_alive()
            if self._exchange is not None:
                self._exchange.finish()

    def _is_open_ended(self) -> bool:
        """Say whether the end of the connection is the end of the answer."""
        coding = self._headers.get("transfer-encoding", "")
        return "content-length" not in self._headers and "chunked" not in coding.lower()

    def _break(self, reason: str) -> None:
        if self._exchange is not None:
            self._exchange.fail(Broken(reason))
        self._transport.abort()


@functools.lru_cache(maxsize=1024)
def _read(url: str) -> tuple[_Place, str, str]:
    """Return where a URL leads, what is asked for there, and the login that stands in it."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError as error:
        raise Unusable("the URL cannot be read") from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if scheme not in _SCHEMES or not host or not _is_plain(target):
        raise Unusable("the URL cannot be called")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise Unusable("the host's name cannot be read") from error
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return _Place(scheme, host, port or _SCHEMES[scheme]), target, "" if login == ":" else login


def _write(sent: Sent, place: _Place, target: str, login: str) -> bytes:
    """Return the head of a request."""
    name = f"[{place.host}]" if ":" in place.host else place.host
    if place.port != _SCHEMES[place.scheme]:
        name = f"{name}:{place.port}"
    lines = [f"{sent.method} {target} HTTP/1.1", f"host: {name}", "user-agent: gesso"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    if login and "authorization" not in sent.headers:
        lines.append(f"authorization: Basic {b64encode(login.encode()).decode()}")
    size = len(sent.body) if isinstance(sent.body, bytes) else sent.size_bytes
    if size is None:
        lines.append("transfer-encoding: chunked")
    elif size or sent.method not in {"GET", "DELETE"}:
        lines.append(f"content-length: {size}")
    text = "\n".join(lines)
    if "\r" in text or "\0" in text or text.count("\n") != len(lines) - 1:
        raise Unusable("a header has a line break")
    return (text.replace("\n", "\r\n") + "\r\n\r\n").encode()


def _is_plain(target: str) -> bool:
    return target.isascii() and target.isprintable() and " " not in target


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
