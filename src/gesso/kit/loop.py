"""Run a coroutine on the fastest event loop of this machine."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")

#: New objects until the young ones are walked; Python's own is 700.
_YOUNG_OBJECTS = 10_000


def run(main: Coroutine[object, object, T]) -> T:
    """Run until done; like asyncio.run, on uvloop where there is one."""
    # SQLite works in a thread. With the default of 5 ms it waits that long for the busy loop
    # after each statement; bench `submits` shows three times the rate with this.
    sys.setswitchinterval(0.0005)
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def settle() -> None:
    """Take everything that is loaded by now out of the garbage collector's sight.

    A process that serves makes thousands of short-lived objects a second, nearly all of them
    free of cycles. Walking all modules and tables again and again on their account took 5 % of
    its time (bench `submits`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)
