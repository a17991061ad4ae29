"""A connection to an upstream, which carries one HTTP/1.1 exchange after the other.

llhttp reads the answers. What they say goes to the exchange of the moment, an `Answer`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import httptools

from gesso.upstream.request import Place
from gesso.upstream.transfer import Broken

#: The most bytes that come without any of a body: those of the head, of trailers, of words before.
_WORDLESS = 256 * 1024


class Answer(Protocol):
    """Who is told of an answer."""

    def begin(self, status: int, headers: dict[str, str]) -> None:
        """Note the head; names of headers are in lower case."""

    def take(self, data: bytes) -> bool:
        """Keep a piece of the body; says whether that is enough for now."""

    def finish(self) -> None:
        """Note that the answer is whole."""

    def fail(self, error: Exception) -> None:
        """Note that no more comes."""


class Pool(Protocol):
    """Who keeps connections that nobody uses."""

    def keep(self, line: Connection) -> None:
        """Take a connection back whose exchange is over."""

    def forget(self, line: Connection) -> None:
        """Drop a connection that the other side closed."""

    def post(self, line: Connection) -> None:
        """Call the connection's `flush` when the loop's turn is over."""


class Connection(asyncio.Protocol):
    """A connection, which carries one exchange after the other."""

    def __init__(self, place: Place, pool: Pool) -> None:
        """Take where it leads and where it is kept when nobody uses it."""
        self.place = place
        self.reused = False
        self.heard = False  #: Whether anything came for the exchange of now.
        self.idle_since_s = 0.0
        self._pool = pool
        self._exchange: Answer | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._in_head = True
        self._wordless_bytes = 0  #: Since the last of a body.
        self._keeps = False  #: Whether another exchange may follow.
        self._complete = False
        self._room: asyncio.Future[None] | None = None
        self._unsent = b""  #: What goes out when the loop's turn is over.

    def begin(self, exchange: Answer, start: bytes) -> None:
        """Send the start of a request with all others of this turn; hand its answer on."""
        self._exchange = exchange
        self.heard = False
        self._headers = {}
        self._in_head = True
        self._wordless_bytes = 0
        self._keeps = self._complete = False
        self._unsent = start
        self._pool.post(self)

    def write(self, data: bytes) -> None:
        """Send more of it."""
        self.flush()
        self._transport.write(data)

    def flush(self) -> None:
        """Send what waits for the end of the turn."""
        start, self._unsent = self._unsent, b""
        if start and not self._transport.is_closing():
            self._transport.write(start)

    async def drained(self) -> None:
        """Wait while too much of what was written is still here; ends when it is lost, too."""
        if self._room is not None:
            await self._room

    def go_on(self) -> None:
        """Read on, after an exchange had enough for a while."""
        self._transport.resume_reading()

    def end(self, *, whole: bool) -> None:
        """Let go of an exchange; where request and answer are `whole`, another may follow."""
        self._exchange = None
        transport = self._transport
        # An answer may come before its request has left: what is still here would lie in the
        # way of the next one.
        if (
            whole
            and self._keeps
            and not (self._unsent or transport.is_closing() or transport.get_write_buffer_size())
        ):
            transport.resume_reading()
            self._pool.keep(self)
        else:
            transport.abort()

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
        if exchange is None or self._complete:
            self._transport.abort()  # Nobody asked.
            return
        self.heard = True
        self._wordless_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._break("it speaks no HTTP")
        if self._wordless_bytes > _WORDLESS:
            self._break("its head is too long")

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the other side is gone."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        exchange = self._exchange
        if exchange is None:
            self._pool.forget(self)
        elif error is not None:
            exchange.fail(Broken("it was reset"))
        elif self._in_head or not self._is_open_ended():
            exchange.fail(Broken("it was closed early"))
        else:
            exchange.finish()

    def pause_writing(self) -> None:
        """Note that the other side is slower than we are."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    # What the parser tells -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Note an answer that nobody asked for, which must not become the next one's."""
        if self._complete:
            self._keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those that follow a body are of no use."""
        if self._in_head:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Hand the head on, unless another one follows it."""
        status = self._parser.get_status_code()
        if status >= 200 and not self._complete:
            self._in_head = False
            if self._exchange is not None:
                self._exchange.begin(status, self._headers)

    def on_body(self, data: bytes) -> None:
        """Hand a piece on."""
        self._wordless_bytes = 0
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
