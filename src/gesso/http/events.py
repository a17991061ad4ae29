"""Server-sent events of a task, for every wire: snapshots, places in the queue, heartbeats.

`Last-Event-ID` is the version that a client has seen; it gets every snapshot after it that was
committed since and is still kept, in order, and the newest one in any case. A version that the
task has not reached says nothing. A client that has seen the end is answered 204, which stops
an EventSource for good.
"""

from __future__ import annotations

import asyncio
import functools

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gesso.domain.errors import RateLimited
from gesso.domain.task import Task
from gesso.services.catch_up import CatchUp
from gesso.services.watch import Watch

_HEADERS = {
    "cache-control": "no-cache, no-transform",
    # nginx would hold events back.
    "x-accel-buffering": "no",
}


class EventRoom:
    """Opens streams."""

    def __init__(self, watch: Watch, catch_up: CatchUp, most: int) -> None:
        """Hold who knows of changes, now and before, and the most streams of this process."""
        self._watch = watch
        self._catch_up = catch_up
        self._most = most
        self._open = 0

    async def stream(self, request: Request, task: Task, shape: str) -> Response:
        """Return the stream of a task that the caller may see; raises RateLimited."""
        seen = _seen(request, task)
        if task.is_final and seen == task.version:
            return Response(status_code=204)
        if self._open >= self._most:
            raise RateLimited(f"{self._most} streams are open already")
        self._open += 1
        try:
            task = await self._catch_up.keep(task)
        except BaseException:
            self._open -= 1
            raise
        return EventResponse(self, task, shape, seen)

    def closed(self) -> None:
        """Hear that a stream that `stream` returned is over."""
        self._open -= 1

    async def speak(self, task: Task, shape: str, seen: int | None, ears: Ears) -> None:
        """Send the events of a task until it ends or nobody listens any more."""
        with self._watch.watching(task, shape, seen) as watcher:
            listening = asyncio.create_task(ears.until_gone())
            listening.add_done_callback(lambda _: watcher.close())
            try:
                # How long an EventSource waits before it connects again, in milliseconds.
                await ears.send(b"retry: 2000\n\n")
                for one in await self._catch_up.missed(task, seen):
                    await ears.send(self._watch.event(one, shape))
                async for event in watcher.events():
                    await ears.send(event)
            finally:
                listening.cancel()


class Ears:
    """The other end of a stream."""

    __slots__ = ("_receive", "_send")

    def __init__(self, receive: Receive, send: Send) -> None:
        """Hold the two ends of the connection."""
        self._receive = receive
        self._send = send

    async def send(self, part: bytes) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def until_gone(self) -> None:
        """Wait until the client has hung up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class EventResponse(Response):
    """A stream with one task beside the request's own: ten thousand of them must stay small."""

    media_type = "text/event-stream"

    def __init__(self, room: EventRoom, task: Task, shape: str, seen: int | None) -> None:
        """Prepare the head; the events follow when it is called."""
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._speak = functools.partial(room.speak, task, shape, seen)
        self._closed = room.closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, the events and the end."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._speak(Ears(receive, send))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._closed()


def _seen(request: Request, task: Task) -> int | None:
    text = request.headers.get("last-event-id", "") or request.query_params.get("lastEventId", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if int(text) <= task.version else None
