"""What all handlers of this wire share: who asks, limits, headers, and how errors look."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gesso.dialects.openai import wire
from gesso.domain import ids
from gesso.domain.caller import ApiKey
from gesso.domain.errors import GessoError, Unavailable
from gesso.domain.limits import Allowance, What
from gesso.http.auth import Doorkeeper
from gesso.http.cycle import cycle_of
from gesso.http.faults import status_of
from gesso.http.limits import read_body, too_large
from gesso.kit.patience import Patience
from gesso.settings import Settings

log = structlog.get_logger()

#: After so long a caller who leaves is noticed, in seconds.
_WATCH_AFTER_S = 0.25


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of this wire, from the settings."""

    body_bytes: int
    buffer_bytes: int  #: Of all bodies in memory together.
    messages: int
    output_tokens: int  #: Foreseen when a request names no maximum.
    picture_wait_s: float
    prompt_chars: int
    public_prices: bool  #: Whether the price list is read without a key.

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """Return the limits that the settings name."""
        return cls(
            body_bytes=settings.relay_body_bytes,
            buffer_bytes=settings.relay_buffer_bytes,
            messages=settings.relay_messages,
            output_tokens=settings.relay_output_tokens,
            picture_wait_s=settings.picture_wait_s,
            prompt_chars=settings.max_prompt_chars,
            public_prices=settings.public_prices,
        )


#: The headers that tell how far a limit of a minute is used up.
_RATE = {
    what: tuple(f"x-ratelimit-{part}-{what}".encode() for part in ("limit", "remaining", "reset"))
    for what in (What.REQUESTS, What.TOKENS)
}


def _rate(told: Allowance) -> tuple[tuple[bytes, bytes], ...]:
    what, most, left, reset_s = told
    limit, remaining, reset = _RATE[what]
    return (limit, b"%d" % most), (remaining, b"%d" % left), (reset, b"%.3fs" % reset_s)


class Visit:
    """One request: its caller, its id, and the way to answer it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        """Begin; nobody was asked for a key yet."""
        self.scope = scope
        self.id = ids.new_id("req")
        self.key: ApiKey | None = None
        self.allowances: Sequence[Allowance] = ()  #: What the relay counted.
        self.started = False  #: Whether the head of an answer is out.
        self._receive = receive
        self._send = send
        self._cycle = cycle_of(receive, send)
        self._request: Request | None = None
        self._doorkeeper = door.doorkeeper
        self.patience = door.patience
        self._since = time.monotonic()

    @property
    def request(self) -> Request:
        """The request as starlette has it; made when it is asked for, as most calls never do."""
        if self._request is None:
            self._request = Request(self.scope, self._receive, self._send)
        return self._request

    async def admit(self) -> ApiKey:
        """Return the caller's key; raises NotAuthenticated and its kin."""
        key = self._doorkeeper.admit_known(self.scope)
        self.key = key or await self._doorkeeper.admit(self.request)
        return self.key

    async def read(self, most: int) -> bytes:
        """Return a body of at most `most` bytes; raises TooLarge, or ClientDisconnect."""
        body = None if self._cycle is None else self._cycle.take_body()
        if body is None:
            return await read_body(self.request, most)
        if len(body) > most:
            raise too_large(most)
        return body

    @property
    def task(self) -> asyncio.Task[Any]:
        """The task that this is answered in; asked for within it."""
        task = self._cycle.task if self._cycle is not None else asyncio.current_task()
        assert task is not None
        return task

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of every answer of this wire."""
        took_ms = int((time.monotonic() - self._since) * 1000)
        found = [(b"x-request-id", self.id.encode()), (b"openai-processing-ms", b"%d" % took_ms)]
        is_told = False  # Whether the relay counted requests, more closely than the doorkeeper.
        for one in self.allowances:
            is_told = is_told or one.what is What.REQUESTS
            found += _rate(one)
        if self.key is not None and not is_told:
            pace = self._doorkeeper.pace(self.key)
            if pace is not None:
                found += _rate(Allowance(What.REQUESTS, *pace))
        return found

    async def begin(
        self, status: int, content_type: str, more: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Send the head of an answer."""
        await self._send(self._head(status, content_type, more))
        self.started = True

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        more: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Send a whole answer."""
        head = self._head(status, content_type, None)
        more = more or []
        if self._cycle is not None and self._cycle.answer(status, head["headers"], body, more):
            self.started = True
            return
        head["headers"] += [(b"content-length", b"%d" % len(body)), *more]
        await self._send(head)
        self.started = True
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _head(
        self, status: int, content_type: str, more: list[tuple[bytes, bytes]] | None
    ) -> Message:
        headers = [(b"content-type", content_type.encode("latin-1", "replace")), *self.headers()]
        if more:
            headers += more
        return {"type": "http.response.start", "status": status, "headers": headers}

    async def refuse(self, error: GessoError) -> None:
        """Send an error, or end a stream with it."""
        status, kind, code = wire.read_error(error, status_of(error))
        body = wire.write_error(error.message, kind, param=error.param, code=code)
        if self.started:
            # The status is out long ago: the stream itself must say that it is not whole.
            await self.write(wire.write_event(body), more=False)
        else:
            await self.answer(status, body, more=_advice(error, status))

    async def hand_over(self, app: ASGIApp, receive: Receive) -> None:
        """Let another application answer; it gets the body from `receive`."""
        await app(self.scope, receive, self._send)

    async def left(self) -> None:
        """Wait until the caller is gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


Handler = Callable[[Visit], Awaitable[None]]


class Door:
    """Turns handlers into applications that answer every error in this wire's shape."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        """Hold who lets callers in."""
        self.doorkeeper = doorkeeper
        self.patience = Patience()

    def open(self, handler: Handler) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """Return the application of one handler."""
        return _Room(self, handler)


class _Room:
    """An ASGI application around a handler; a class, so that a router takes it as one."""

    def __init__(self, door: Door, handler: Handler) -> None:
        self._door = door
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit(scope, receive, send, self._door)
        try:
            await self._handler(visit)
        except GessoError as error:
            await visit.refuse(error)
        except ClientDisconnect:
            return
        except Exception:
            log.exception("request_failed", path=visit.request.url.path, request=visit.id)
            if visit.started:
                raise  # the server breaks the connection: the caller must not think it whole
            await visit.refuse(GessoError())


class WhileHere:
    """A context: what is done in it is stopped when the caller leaves, and that is its end.

    Enter it once the body has been read: from then on, all that can come is a farewell. It
    waits for that from a moment later on: most answers of a fast upstream are out by then, and
    are spared a task of the loop. (A class, as a coroutine around the work costs every step.)
    """

    __slots__ = ("_gone", "_patience", "_step", "_visit", "_watcher", "_worker")

    def __init__(self, visit: Visit) -> None:
        """Take whose caller may leave."""
        self._gone = False
        self._visit = visit
        self._worker = visit.task
        self._watcher: asyncio.Task[None] | None = None
        self._patience = visit.patience

    def __enter__(self) -> None:
        """Begin to watch."""
        self._step = self._patience.begin(self, _WATCH_AFTER_S)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """Watch no more; returns whether the work was stopped for a caller who left."""
        self._patience.end(self, self._step)
        if self._watcher is not None:
            self._watcher.remove_done_callback(self._stop)
            self._watcher.cancel()
        if not self._gone or kind is None or not issubclass(kind, asyncio.CancelledError):
            return False
        self._worker.uncancel()
        return True

    def give_up(self) -> None:
        """Wait for the answer alone no longer."""
        self._watcher = asyncio.create_task(self._visit.left())
        self._watcher.add_done_callback(self._stop)

    def _stop(self, done: asyncio.Task[None]) -> None:
        if not done.cancelled():
            self._gone = True
            self._worker.cancel()


def _advice(error: GessoError, status: int) -> list[tuple[bytes, bytes]]:
    """Return what tells SDKs whether and when to try again."""
    wait_s = error.facts.get("retry_after_s")
    if isinstance(error, Unavailable):
        wait_s = error.retry_after_s
    found: list[tuple[bytes, bytes]] = []
    if status in {409, 429, 503} and error.retry:
        seconds = float(wait_s) if isinstance(wait_s, int | float) else 1.0
        found.append((b"retry-after", str(math.ceil(seconds)).encode()))
    if status >= 409 and not error.retry:
        found.append((b"x-should-retry", b"false"))
    return found
