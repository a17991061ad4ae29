"""Ends waits that have lasted too long, for thousands of waits of which hardly one does.

A timer of the loop costs as much as a small answer takes to read, and a relayed call would begin
and cancel three. Here a wait is put into a set with all others that end in the same tenth of a
second, and one timer looks at the sets that are due.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

#: A wait lasts at most twice this longer than it should, in seconds.
STEP_S = 0.1


class Waiting(Protocol):
    """Something that waits."""

    def give_up(self) -> None:
        """Wait no longer."""


class Patience:
    """The waits of one loop."""

    def __init__(self) -> None:
        """Start with none."""
        self._due: dict[int, set[Waiting]] = {}  #: By the step in which they end.
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return not self._due

    def begin(self, waiting: Waiting, within_s: float) -> int:
        """Let something wait; returns what `end` wants to know."""
        step = int((time.monotonic() + within_s) / STEP_S) + 1
        due = self._due.get(step)
        if due is None:
            due = self._due[step] = set()
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(STEP_S, self._look)
        due.add(waiting)
        return step

    def end(self, waiting: Waiting, step: int) -> None:
        """Note that it waits no longer; one that was given up is not known any more."""
        due = self._due.get(step)
        if due is not None:
            due.discard(waiting)
            if not due:
                del self._due[step]

    def _look(self) -> None:
        now = int(time.monotonic() / STEP_S)
        for step in [step for step in self._due if step <= now]:
            for waiting in self._due.pop(step):
                waiting.give_up()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(STEP_S, self._look) if self._due else None
