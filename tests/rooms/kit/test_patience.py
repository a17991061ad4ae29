"""Waits that are given up, in time and not before, and those that end by themselves."""

from __future__ import annotations

import asyncio

import pytest

from gesso.kit.patience import STEP_S, Patience

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Waiting:
    """Notes when it is given up."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.since_s = self.loop.time()
        self.given_up: asyncio.Future[float] = self.loop.create_future()

    def give_up(self) -> None:
        self.given_up.set_result(self.loop.time() - self.since_s)


async def test_a_wait_is_given_up_after_its_time() -> None:
    patience = Patience()
    short, long = Waiting(), Waiting()
    assert patience.is_idle
    patience.begin(long, 0.3)
    patience.begin(short, 0.02)
    assert await short.given_up >= 0.02
    assert not long.given_up.done()
    assert not patience.is_idle
    assert await long.given_up >= 0.3
    assert patience.is_idle


async def test_what_has_ended_is_left_alone() -> None:
    patience = Patience()
    over, marker = Waiting(), Waiting()
    patience.end(over, patience.begin(over, 0))
    assert not patience._due
    patience.begin(marker, STEP_S)
    await marker.given_up
    assert not over.given_up.done()
    patience.end(marker, 0)  # known no more


async def test_the_clock_stops_while_nothing_waits() -> None:
    patience = Patience()
    for _ in range(2):
        waiting = Waiting()
        patience.begin(waiting, 0)
        await waiting.given_up
        assert patience._timer is None
        assert not patience._due
