"""Looking at many tasks with few requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gesso.domain.errors import Unavailable
from gesso.upstream.watch import Watch, ticks_until_next

pytestmark = pytest.mark.anyio


class Asked:
    """Remembers what was asked for, and when."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.times: list[float] = []
        self.known = {"a": 1, "b": 2}
        self.error: Exception | None = None

    async def ask(self, ids: list[str]) -> dict[str, Any]:
        self.batches.append(ids)
        self.times.append(asyncio.get_running_loop().time())
        if self.error is not None:
            raise self.error
        return {i: self.known[i] for i in ids if i in self.known}


async def test_looks_of_one_moment_are_one_request() -> None:
    asked = Asked()
    watch = Watch(asked.ask, 0.01)
    found = await asyncio.gather(*(watch.look(name) for name in "abx"))
    assert found == [1, 2, None]
    assert asked.batches == [["a", "b", "x"]]


async def test_never_more_than_one_request_a_tick() -> None:
    asked = Asked()
    watch = Watch(asked.ask, 0.05)
    for _ in range(4):
        await watch.look("a")
    gaps = [b - a for a, b in zip(asked.times, asked.times[1:], strict=False)]
    assert min(gaps) >= 0.049


@pytest.mark.parametrize(("age", "ticks"), [(0, 1), (29, 1), (30, 2), (120, 5), (10**6, 10)])
async def test_old_tasks_are_looked_at_less(age: float, ticks: int) -> None:
    assert ticks_until_next(age) == ticks


@pytest.mark.parametrize("error", [Unavailable("down"), KeyError("bug")])
async def test_a_failure_reaches_all_and_ends_nothing(error: Exception) -> None:
    asked = Asked()
    asked.error = error
    watch = Watch(asked.ask, 0.001)
    seen = await asyncio.gather(watch.look("a"), watch.look("b"), return_exceptions=True)
    assert [type(one) for one in seen] == [Unavailable, Unavailable]
    asked.error = None
    assert await watch.look("a") == 1


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    asked = Asked()
    watch = Watch(asked.ask, 0.02)
    await watch.look("a")
    impatient, patient = (asyncio.create_task(watch.look("a")) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 1
    watch.forget("a")
    watch.forget("never seen")
    assert await watch.look("a") == 1


async def test_who_comes_while_the_upstream_is_asked_keeps_the_turn() -> None:
    asked, begun, gate = Asked(), asyncio.Event(), asyncio.Event()

    async def slowly(ids: list[str]) -> dict[str, Any]:
        begun.set()
        await gate.wait()
        return await asked.ask(ids)

    watch = Watch(slowly, 0.001)
    first = asyncio.create_task(watch.look("a"))
    await begun.wait()
    second = asyncio.create_task(watch.look("b"))
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(5):
        assert list(await asyncio.gather(first, second)) == [1, 2]
