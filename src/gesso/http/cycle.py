"""One request and its answer, with the usual answer written in few steps.

The usual answer goes to a reader that keeps up and has its length in its head; its body comes
whole. Everything else is `RequestResponseCycle.send`, which this stands on: the attributes that
are set here are those that it sets, so either may go on where the other one stopped.

An application that finds a cycle behind its `receive` and `send` (`cycle_of`) may take a body
that is here and give a whole answer in one step each, without messages and coroutines.

Of uvicorn's cycle this uses `send`, `receive` and `run_asgi` as they are and the attributes
`access_log`, `body`, `chunked_encoding`, `default_headers`, `disconnected`,
`expected_content_length`, `flow`, `keep_alive`, `message_event`, `more_body`, `on_response`,
`response_complete`, `response_started`, `scope`, `transport` and `waiting_for_100_continue`;
beside it, `STATUS_LINE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.types import Receive, Send
from uvicorn._types import ASGISendEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gesso.http.head import write_lines, write_whole

_FIRST_LINES = {status: line.removesuffix(b"\r\n") for status, line in STATUS_LINE.items()}


class Bell:
    """What uvicorn's cycle wants of an `asyncio.Event`, which is made when somebody waits."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        """Start unset."""
        self._is_set = False
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        """Say whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Wake who waits."""
        self._is_set = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        """Have those wait that come from now on."""
        self._is_set = False
        if self._event is not None:
            self._event.clear()

    async def wait(self) -> None:
        """Wait until it is set."""
        if not self._is_set:
            if self._event is None:
                self._event = asyncio.Event()
            await self._event.wait()


class Cycle(RequestResponseCycle):
    """uvicorn's cycle with a short way."""

    #: What runs the application; set by who starts it.
    task: asyncio.Task[Any] | None = None

    def take_body(self) -> bytes | None:
        """Return the request's body if all of it is here, as one `receive` would.

        None where it has to be awaited, was taken, or the caller is gone.
        """
        if (
            self.more_body
            or self.waiting_for_100_continue
            or self.disconnected
            or self.response_complete
            or not self.message_event.is_set()
        ):
            return None
        self.flow.resume_reading()
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return body

    def answer(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        more: Iterable[tuple[bytes, bytes]] = (),
    ) -> bool:
        """Send a whole answer, with its length between `headers` and `more`.

        Returns False, with nothing sent, for what is not usual: that goes by messages.
        """
        first = _FIRST_LINES.get(status)
        if (
            first is None
            or self.response_started
            or self.flow.write_paused
            or self.disconnected
            or self.access_log
            or status in (204, 304)
            or self.scope["method"] == "HEAD"
        ):
            return False
        lines = write_whole(self.default_headers + headers, len(body), more)
        if lines is None:
            return False
        self.response_started = True
        self.waiting_for_100_continue = self.chunked_encoding = False
        end = b"\r\n\r\n" if self.keep_alive else b"\r\nconnection: close\r\n\r\n"
        self._finish(b"".join((first, lines, end, body)))
        return True

    async def send(self, message: ASGISendEvent) -> None:
        """Write a part of the answer; waits while the reader does not keep up.

        Raises `RuntimeError` where the order of parts, a header or the body's length is wrong.
        """
        if self.flow.write_paused or self.disconnected or self.access_log:
            await super().send(message)
        elif message["type"] == "http.response.start" and not self.response_started:
            self._start(message)
        elif message["type"] == "http.response.body" and self._is_rest(
            body := message.get("body", b""), message.get("more_body", False)
        ):
            self._finish(body)
        else:
            await super().send(message)

    def _start(self, message: HTTPResponseStartEvent) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        first = _FIRST_LINES[status]
        lines, framing = write_lines([*self.default_headers, *message.get("headers", ())])
        closes = self._frame(framing)
        end = b"\r\n\r\n"
        has_body = self.scope["method"] != "HEAD" and status not in (204, 304)
        if self.chunked_encoding is None and has_body:
            self.chunked_encoding = True
            end = b"\r\ntransfer-encoding: chunked\r\n\r\n"
        if not (self.keep_alive or closes):
            end = b"\r\nconnection: close" + end
        self.transport.write(first + lines + end)

    def _frame(self, framing: list[tuple[bytes, bytes]]) -> bool:
        """Heed what the head says of the body; tell whether it says that the connection closes."""
        closes = False
        for name, value in framing:
            if name == b"content-length":
                if self.chunked_encoding is None:
                    self.expected_content_length = int(value)
                    self.chunked_encoding = False
            elif name == b"connection":
                closes = closes or b"close" in map(bytes.strip, value.lower().split(b","))
            elif value.lower() == b"chunked":
                self.expected_content_length = 0
                self.chunked_encoding = True
        self.keep_alive = self.keep_alive and not closes
        return closes

    def _is_rest(self, body: bytes, more_body: bool) -> bool:
        """Say whether this ends an answer as its head promised."""
        return (
            self.chunked_encoding is False
            and not more_body
            and not self.response_complete
            and len(body) == self.expected_content_length
            and self.scope["method"] != "HEAD"
        )

    def _finish(self, data: bytes) -> None:
        """Write the last of an answer."""
        self.transport.write(data)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def cycle_of(receive: Receive, send: Send) -> Cycle | None:
    """Return the cycle behind both; None with another server, or where somebody stands between."""
    owner = getattr(send, "__self__", None)
    if isinstance(owner, Cycle) and getattr(receive, "__self__", None) is owner:
        return owner
    return None
