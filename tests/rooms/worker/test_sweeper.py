"""Chores repeat at their pace, and a failing one does not stop the others."""

from __future__ import annotations

import asyncio

import pytest

from gesso.worker.sweeper import Sweeper

pytestmark = pytest.mark.anyio


async def test_a_failing_chore_is_tried_again_and_alone() -> None:
    done = asyncio.Event()
    counts = {"fine": 0, "broken": 0}

    async def fine() -> int:
        counts["fine"] += 1
        if counts["fine"] >= 5 and counts["broken"] >= 3:
            done.set()
        return 1

    async def broken() -> int:
        counts["broken"] += 1
        raise OSError("no")

    sweeper = Sweeper({"fine": (0.001, fine), "broken": (0.001, broken)})
    running = asyncio.create_task(sweeper.run())
    async with asyncio.timeout(10):
        await done.wait()
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
