"""Money of a day and a month binds picture tasks, exactly, and what comes back is free again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gesso.domain.errors import InsufficientFunds, RateLimited
from gesso.domain.limits import COUNTED, Limits
from gesso.domain.order import Dialog, Repeatable
from gesso.domain.task import TaskStatus
from gesso.kit import clock
from gesso.services import spend_limits
from gesso.services.answer import Answerer, Reply
from gesso.services.settle import Cancel, Succeed
from gesso.storage.schema import meters
from tests.rooms.customer import Customer, no_translator, order
from tests.rooms.services.test_settle import PICTURES, running

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def price(customer: Customer) -> int:
    """What one grid costs."""
    return (await customer.submit()).task.price_nanos


async def counted(customer: Customer, owner: str) -> int:
    async with customer.house.database.reading() as connection:
        wanted = select(func.max(meters.c.amount)).where(meters.c.owner == owner)
        return int((await connection.execute(wanted)).scalar() or 0)


async def test_a_day_takes_exactly_as_many_as_it_pays_for(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    each = await price(customer)
    poor = await customer.with_limits(limits=Limits(day_nanos=each * 3))
    tries = await asyncio.gather(*(poor.submit() for _ in range(5)), return_exceptions=True)
    refused = [one for one in tries if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [InsufficientFunds] * 2
    assert "this key may spend" in str(refused[0])
    assert await poor.spent() == each * 3
    monkeypatch.setattr(clock, "now", lambda: now + DAY)
    assert (await poor.submit()).task.status is TaskStatus.QUEUED


async def test_submits_of_a_minute_are_counted_exactly(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    brisk = await customer.with_limits(rate_per_minute=3)
    again = Repeatable("once", b"\0" * 32)
    for _ in "ab":  # the same submit, counted once
        await brisk.submit(repeat=again)
    poor = Customer(brisk.house, replace(brisk.key, spend_limit_nanos=1), brisk.secret)
    with pytest.raises(InsufficientFunds):
        await poor.submit()  # what is refused for something else is not counted
    tries = await asyncio.gather(*(brisk.submit() for _ in range(4)), return_exceptions=True)
    refused = [one for one in tries if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [RateLimited] * 2
    assert "3 requests a minute" in str(refused[0])
    assert isinstance(refused[0], RateLimited)
    wait_s = refused[0].facts["retry_after_s"]
    assert isinstance(wait_s, float)
    assert 0 < wait_s <= 60
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=1))
    assert (await brisk.submit()).task.status is TaskStatus.QUEUED


async def test_what_comes_back_may_be_spent_again(customer: Customer) -> None:
    each = await price(customer)
    poor = await customer.with_limits(limits=Limits(month_nanos=each))
    task = (await poor.submit()).task
    with pytest.raises(InsufficientFunds, match="a month"):
        await poor.submit()
    for _ in "ab":
        await poor.house.writer.write(Cancel(task))
    assert await counted(poor, poor.key.id) == 0
    part = (await running(poor)).task
    await poor.house.writer.write(Succeed(part, PICTURES[:2], {}, DAY, 1, 4))
    assert await counted(poor, poor.key.id) == each // 4
    with pytest.raises(InsufficientFunds):
        await poor.submit()


async def test_a_repeated_order_counts_once_and_a_dialog_when_it_is_answered(
    customer: Customer,
) -> None:
    each = await price(customer)
    poor = await customer.with_limits(limits=Limits(day_nanos=each * 2))
    again = Repeatable("once", b"\0" * 32)
    assert [(await poor.submit(repeat=again)).replayed for _ in "ab"] == [False, True]
    asked = (await poor.submit(order(dialog=Dialog("MJ::Remix::1")))).task
    other = (await poor.submit(order(dialog=Dialog("MJ::Remix::1")))).task
    assert await counted(poor, poor.key.id) == each
    house = poor.house
    answerer = Answerer(house.writer, house.catalogue, no_translator(house), keep=DAY)
    answered = (await answerer.answer(poor.key, asked, Reply())).task
    with pytest.raises(InsufficientFunds):
        await answerer.answer(poor.key, other, Reply())
    # The sweep may hold a row from before the answer: what counts is the stored one.
    await poor.house.writer.write(Cancel(asked))
    assert await counted(poor, poor.key.id) == each
    assert answered.order[COUNTED]


async def test_an_account_binds_all_its_keys(customer: Customer) -> None:
    each = await price(customer)
    keys = [await customer.with_limits() for _ in "ab"]
    for one in keys:
        # As the door reads it with every key.
        one.key = replace(one.key, account_limits=Limits(day_nanos=each))
    await keys[0].submit()
    with pytest.raises(InsufficientFunds, match="this account"):
        await keys[1].submit()


async def test_a_key_without_such_limits_reads_and_writes_nothing(customer: Customer) -> None:
    busy = await customer.with_limits(limits=Limits(requests_per_minute=1, concurrency=1))
    assert spend_limits.meters_of(busy.key, clock.now()) == ()
    for _ in "ab":
        assert COUNTED not in (await busy.submit()).task.order
    async with customer.house.database.reading() as connection:
        assert (await connection.execute(select(meters))).all() == []
