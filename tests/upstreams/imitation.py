"""What every imitated upstream has in common: credentials, and troubles on demand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gesso.testing.rig import RETRY_AFTER_S, SECRET, Trouble
from tests.serving import serving
from tests.upstream import Dropped

I = TypeVar("I", bound="Imitation")  # noqa: E741
HTML = b"<html>bad gateway</html>"


class Imitation:
    """An upstream that checks what it is sent and misbehaves on demand."""

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""  #: The whole authorization header that is asked for; empty asks none.
        self.started = 0
        self.stopped = False
        self.heard: list[tuple[str, Any]] = []  #: Path and body of every order.
        self.wrong: list[str] = []  #: What an order held that this upstream does not know.
        self.most_at_once = 1
        self._running: Counter[str] = Counter()
        self._trouble: Trouble | None = None
        self._changed = asyncio.Event()

    @property
    def trouble(self) -> Trouble | None:
        return self._trouble

    @trouble.setter
    def trouble(self, value: Trouble | None) -> None:
        self._trouble = value
        self._changed.set()
        self._changed = asyncio.Event()

    async def until_behaving(self, *troubles: Trouble) -> None:
        """Wait while one of these troubles lasts."""
        while self._trouble in troubles:
            await self._changed.wait()

    async def in_the_way(self, request: Request, *, order: bool = False) -> Response | None:
        """Return the answer that comes instead of the right one, if a trouble wants one."""
        trouble = self._trouble
        if trouble is Trouble.HANG:
            await self.until_behaving(Trouble.HANG)
        shown = request.headers.get("authorization", "")
        if trouble is Trouble.LOCKED or (self.secret and shown != self.secret):
            return JSONResponse({"detail": f"{SECRET} is not known at {self.url}"}, 401)
        if order and trouble is Trouble.BUSY:
            return Response(b"", 429, {"retry-after": str(RETRY_AFTER_S)})
        if (order and trouble is Trouble.GARBLE) or (not order and trouble is Trouble.GARBLE_LOOK):
            return Response(HTML, media_type="text/html")
        return None

    @property
    def complaint(self) -> str:
        """A reason that a provider must not hand on as it is."""
        return f"out of memory at {self.url} for {SECRET}"

    def app(self) -> Starlette:
        raise NotImplementedError

    def begins(self, job: str) -> None:
        self.started += 1
        self._running[job] += 1
        self.most_at_once = max(self.most_at_once, self._running[job])

    def ends(self, job: str) -> None:
        self._running[job] -= 1

    @classmethod
    @asynccontextmanager
    async def running(cls: type[I]) -> AsyncIterator[I]:
        """Run it on loopback while the block lasts."""
        upstream = cls()
        async with serving(upstream.app()) as url:
            upstream.url = url
            yield upstream
            upstream.trouble = None
            assert upstream.wrong == []


def dropped() -> Response:
    """A response that breaks off before its end."""
    return Dropped()
