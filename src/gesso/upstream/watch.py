"""Looks at all running tasks of one channel together.

One list-by-condition per tick asks for every task that is due. Young tasks are due at every
tick, older ones less and less often: a video of ten minutes needs no look per second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gesso.domain.errors import GessoError, Unavailable

#: From this age in ticks on, a task is looked at only every so many ticks.
_PACE = ((600, 10), (120, 5), (30, 2), (0, 1))
#: Most ids of one request; some upstreams take 500.
_BATCH = 200
#: What nobody asked for during so many ticks is forgotten: it ended, or runs elsewhere.
_FORGET = 100

Ask = Callable[[list[str]], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class _Watched:
    since: float
    due: float
    answer: asyncio.Future[Any] | None = None


def ticks_until_next(age_ticks: float) -> int:
    """Return after how many ticks a task of this age is looked at again."""
    return next(ticks for age, ticks in _PACE if age_ticks >= age)


class Watch:
    """Answers `look` for many tasks with few requests."""

    def __init__(self, ask: Ask, tick_s: float) -> None:
        """Take who asks the upstream for tasks by id, and the seconds of a tick."""
        self._ask = ask
        self._tick_s = tick_s
        self._tasks: dict[str, _Watched] = {}
        self._new = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._last = 0.0

    async def look(self, upstream_id: str) -> Any:
        """Wait for this task's next turn and return what the upstream says of it.

        None when the upstream does not know it; raises what asking raised.
        """
        loop = asyncio.get_running_loop()
        watched = self._tasks.setdefault(upstream_id, _Watched(loop.time(), loop.time()))
        if watched.answer is None or watched.answer.done():
            watched.answer = loop.create_future()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        self._new.set()
        # Shielded: who gives up must not take the answer from somebody else.
        return await asyncio.shield(watched.answer)

    def forget(self, upstream_id: str) -> None:
        """Look no more at a task that has ended."""
        watched = self._tasks.pop(upstream_id, None)
        if watched is not None and watched.answer is not None:
            watched.answer.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while waiting := self._waiting():
            first = min(watched.due for watched in waiting.values())
            pause = max(first, self._last + self._tick_s) - loop.time()
            self._new.clear()
            if pause > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._new.wait(), pause)
                    continue  # Somebody new may be due earlier.
            self._last = loop.time()
            due = {i: w for i, w in waiting.items() if w.due <= self._last + self._tick_s / 2}
            await self._serve(list(due))
            self._drop_forgotten(loop.time())

    async def _serve(self, ids: list[str]) -> None:
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            error: Exception | None = None
            found: dict[str, Any] = {}
            try:
                found = await self._ask(part)
            except GessoError as failure:
                error = failure
            except Exception as failure:
                error = Unavailable(type(failure).__name__)
            for one in part:
                self._answer(one, found.get(one), error)

    def _answer(self, upstream_id: str, task: Any, error: Exception | None) -> None:
        watched = self._tasks.get(upstream_id)
        if watched is None or watched.answer is None or watched.answer.done():
            return
        now = asyncio.get_running_loop().time()
        age = (now - watched.since) / (self._tick_s or 1e-9)
        watched.due = now + self._tick_s * ticks_until_next(age)
        if error is None:
            watched.answer.set_result(task)
        else:
            watched.answer.set_exception(error)
            watched.answer.exception()  # Whoever waited may be gone; that is no fault.

    def _waiting(self) -> dict[str, _Watched]:
        return {
            i: w for i, w in self._tasks.items() if w.answer is not None and not w.answer.done()
        }

    def _drop_forgotten(self, now: float) -> None:
        limit = now - _FORGET * max(self._tick_s, 0.1)
        # Who came while the upstream was being asked has had no turn yet.
        waiting = self._waiting()
        gone = [i for i, w in self._tasks.items() if w.due < limit and i not in waiting]
        for one in gone:
            self.forget(one)
