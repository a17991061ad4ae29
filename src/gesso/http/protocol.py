"""The server's side of a connection: uvicorn's, in fewer steps for the usual request.

A request is answered by a `Cycle` over a corked transport. A path is taken apart once; a request
that names no proxy does not visit uvicorn's `ProxyHeadersMiddleware`, which passes it on as it
came; and the time of an idle connection is looked at by one timer, not by one for every answer.

Of uvicorn's protocol this replaces `on_message_begin`, `on_header`, `on_headers_complete`,
`on_body`, `on_message_complete`, `on_response_complete`, `timeout_keep_alive_handler`,
`_start_asgi_task` and `_unset_keepalive_if_required`. It serves neither websockets nor
`limit_concurrency` nor `reset_contextvars`, which `gesso.http.server` does not ask for.
"""

from __future__ import annotations

import asyncio
import functools
import urllib.parse
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gesso.http.corked import Corked
from gesso.http.cycle import Bell, Cycle

#: Headers that the server heeds itself: what `ProxyHeadersMiddleware` reads, and one more.
_HEEDED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"expect"))

#: Longer addresses are not remembered, in bytes.
_LONG_BYTES = 200

#: What an address asks for: its path, the path as it was sent, and its query.
Target = tuple[str, bytes, bytes]


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what uvicorn gives its own."""
        super().__init__(*args, **options)
        app = cast("ASGI3Application", self.app)
        self._behind_proxy = app
        self._direct = app.app if isinstance(app, ProxyHeadersMiddleware) else app
        self._idle_since_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        # uvloop's transports have the interface without the class.
        inner = cast("asyncio.Transport", transport)
        super().connection_made(Corked(inner, self.loop))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and its timer."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._app = self._direct

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the request."""
        name = name.lower()
        self.headers.append((name, value))
        if name in _HEEDED:
            if name != b"expect":
                self._app = self._behind_proxy
            elif value.lower() == b"100-continue":
                self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        """Have the request answered, now or when those before it on the connection are."""
        parser, url = self.parser, self.url
        version = parser.get_http_version()
        path, raw_path, query = _aim(url) if len(url) <= _LONG_BYTES else _aim.__wrapped__(url)
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": cast("Any", self.scheme),
            "root_path": self.root_path,
            "headers": self.headers,
            "state": self.app_state.copy(),
            "method": parser.get_method().decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
        }
        before = self.cycle
        self.cycle = cycle = Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            cast("asyncio.Event", Bell()),
            self.expect_100_continue,
            version != "1.0" and parser.should_keep_alive(),
            self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self._app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self._app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        cast("Cycle", cycle).task = task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_body(self, body: bytes) -> None:
        """Take a part of the request's body; one that was answered already is passed over."""
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Note that all of the request is here."""
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Turn to the next request of the connection, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since_s = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """Note that the client says something: what uvicorn calls when data comes."""
        self._idle_since_s = None

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if nothing came for long; look again later if something did."""
        self.timeout_keep_alive_task = None
        if self._idle_since_s is None or self.transport.is_closing():
            return  # The end of the next answer starts the timer anew.
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        # A timer may ring some parts of a millisecond early.
        if left_s > 0.001:
            self._wait(left_s)
        else:
            self.transport.close()


@functools.lru_cache(maxsize=256)
def _aim(url: bytes) -> Target:
    """Take an address apart; raises `HttpParserInvalidURLError` or `UnicodeDecodeError`."""
    parsed = httptools.parse_url(url)
    raw = parsed.path
    path = raw.decode("ascii")
    return urllib.parse.unquote(path) if "%" in path else path, raw, parsed.query or b""
