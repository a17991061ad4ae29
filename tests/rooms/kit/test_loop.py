"""Our own asyncio.run: returns what came out, raises what broke, closes what is left."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from gesso.kit import loop


@pytest.fixture(autouse=True)
def _same_interval() -> object:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_it_returns_raises_and_cancels_what_is_left() -> None:
    left: list[str] = []

    async def forgotten() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            left.append("closed")

    async def fine() -> int:
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(0)
        assert not task.done()
        return 5

    async def broken() -> None:
        raise KeyError("no")

    assert loop.run(fine()) == 5
    assert left == ["closed"]
    with pytest.raises(KeyError):
        loop.run(broken())


def test_what_is_loaded_when_it_settles_is_not_walked_again() -> None:
    before = gc.get_threshold()
    try:
        loop.settle()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
