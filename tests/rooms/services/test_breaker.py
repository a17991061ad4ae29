"""The breaker: failures in a row, one trial after a rest, rests that grow, what is stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gesso.app import House
from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, Unavailable
from gesso.kit import clock
from gesso.services.administer import FIRST_CHANNEL
from gesso.services.breaker import Breaker, Patience

pytestmark = pytest.mark.anyio
DOWN = Unavailable("nobody there")


def stored(house: House) -> Channel:
    channel = house.catalogue.channel(FIRST_CHANNEL)
    assert channel is not None
    return channel


def opened(house: House, patience: Patience | None = None) -> Breaker:
    return Breaker(house.database, house.catalogue, patience or Patience(failures=2))


def after_the_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    until = stored(house).broken_until
    assert until is not None
    monkeypatch.setattr(clock, "now", lambda: until + timedelta(seconds=1))


async def test_only_failures_in_a_row_count(small_house: House) -> None:
    breaker = opened(small_house)
    await breaker.failed(stored(small_house), 1, DOWN)
    await breaker.worked(stored(small_house), 1)
    await breaker.failed(stored(small_house), 1, DOWN)
    assert not breaker.rests(stored(small_house))
    await breaker.failed(stored(small_house), 1, DOWN)
    assert breaker.rests(stored(small_house))
    assert stored(small_house).broken_reason == "nobody there"
    assert not breaker.may_start(stored(small_house), 1)


async def test_one_refused_key_is_enough_and_a_busy_answer_never(small_house: House) -> None:
    breaker = opened(small_house)
    for _ in range(5):
        await breaker.failed(stored(small_house), 1, Unavailable("busy", busy=True))
    assert not breaker.rests(stored(small_house))
    await breaker.failed(stored(small_house), 1, Locked("our key is refused"))
    assert breaker.rests(stored(small_house))


async def test_one_task_goes_first_and_wakes_the_channel(
    small_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker = opened(small_house)
    await breaker.failed(stored(small_house), 1, Locked("our key is refused"))
    after_the_rest(small_house, monkeypatch)
    assert breaker.may_start(stored(small_house), 1)
    assert breaker.may_start(stored(small_house), 1)  # The same task may ask again.
    assert not breaker.may_start(stored(small_house), 2)
    await breaker.worked(stored(small_house), 1)
    assert stored(small_house).broken_until is None
    assert breaker.may_start(stored(small_house), 2)


async def test_orders_on_their_way_when_a_rest_began_decide_nothing(small_house: House) -> None:
    breaker = opened(small_house, Patience(1, 100, 300))
    before = stored(small_house)
    # Both fail at once: the second one is no news, so the rest is not twice as long.
    await asyncio.gather(*(breaker.failed(before, task_id, DOWN) for task_id in (1, 2)))
    first = stored(small_house).broken_until
    assert first is not None
    assert (first - clock.now()).total_seconds() == pytest.approx(100, abs=5)
    await breaker.failed(before, 3, DOWN)
    await breaker.worked(before, 4)
    assert stored(small_house).broken_until == first


async def test_a_failed_trial_rests_twice_as_long_up_to_a_limit(
    small_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker = opened(small_house, Patience(1, 100, 300))
    lasted = []
    for task_id in range(3):
        assert breaker.may_start(stored(small_house), task_id)
        await breaker.failed(stored(small_house), task_id, DOWN)
        until = stored(small_house).broken_until
        assert until is not None
        lasted.append((until - clock.now()).total_seconds())
        after_the_rest(small_house, monkeypatch)
    assert lasted == pytest.approx([100, 200, 300], abs=5)


async def test_a_trial_that_never_tells_does_not_block_for_ever(
    small_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker, now = opened(small_house), clock.now()
    over = replace(stored(small_house), broken_until=now - timedelta(seconds=1))
    assert breaker.may_start(over, 1)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=70))
    assert breaker.may_start(over, 2)
