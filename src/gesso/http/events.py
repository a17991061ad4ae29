"""Server-sent events of a task, for every wire: snapshots, places in the queue, heartbeats.

`Last-Event-ID` is the version that a client has seen; it gets the newest snapshot after it.
A client that has seen the end is answered 204, which stops an EventSource for good.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gesso.domain.errors import RateLimited
from gesso.domain.task import Task
from gesso.services.watch import Watch

_HEADERS = {
    "cache-control": "no-cache, no-transform",
    # nginx would hold events back.
    "x-accel-buffering": "no",
}


class EventRoom:
    """Opens streams."""

    def __init__(self, watch: Watch, most: int) -> None:
        """Hold who knows of changes, and the most streams of this process."""
        self._watch = watch
        self._most = most
        self._open = 0

    def stream(self, request: Request, task: Task, shape: str) -> Response:
        """Return the stream of a task that the caller may see; raises RateLimited."""
        seen = _seen(request)
        if seen is not None and task.is_final and seen >= task.version:
            return Response(status_code=204)
        if self._open >= self._most:
            raise RateLimited(f"{self._most} streams are open already")
        return StreamingResponse(
            self._events(task, shape, seen), headers=_HEADERS, media_type="text/event-stream"
        )

    async def _events(self, task: Task, shape: str, seen: int | None) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            with self._watch.watching(task, shape, seen) as watcher:
                # How long an EventSource waits before it connects again, in milliseconds.
                yield b"retry: 2000\n\n"
                async for event in watcher.events():
                    yield event
        finally:
            self._open -= 1


def _seen(request: Request) -> int | None:
    text = request.headers.get("last-event-id", "") or request.query_params.get("lastEventId", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
