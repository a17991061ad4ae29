"""One request and its answer, with the usual answer written in few steps.

The usual answer goes to a reader that keeps up and has its length in its head; its body comes
whole. Everything else is `RequestResponseCycle.send`, which this stands on: the attributes that
are set here are those that it sets, so either may go on where the other one stopped.

Of uvicorn's cycle this uses `send`, `receive` and `run_asgi` as they are and the attributes
`access_log`, `chunked_encoding`, `default_headers`, `disconnected`, `expected_content_length`,
`flow`, `keep_alive`, `message_event`, `on_response`, `response_complete`, `response_started`,
`scope`, `transport` and `waiting_for_100_continue`; beside it, `STATUS_LINE`.
"""

from __future__ import annotations

from uvicorn._types import ASGISendEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gesso.http.head import write_lines

_FIRST_LINES = {status: line.removesuffix(b"\r\n") for status, line in STATUS_LINE.items()}


class Cycle(RequestResponseCycle):
    """uvicorn's cycle with a short way."""

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

    def _finish(self, body: bytes) -> None:
        self.transport.write(body)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
