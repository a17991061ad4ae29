"""Submitting: all or nothing, every limit inside the transaction."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gesso.domain.errors import (
    BannedPrompt,
    CallerError,
    InsufficientFunds,
    KeyReused,
    NoChannel,
    NotAllowed,
    QueueFull,
    RateLimited,
)
from gesso.domain.order import Accepted, Repeatable, Selection
from gesso.domain.task import TaskStatus
from gesso.services import administer
from gesso.services.settle import Cancel
from gesso.services.submit import Submitter
from gesso.storage import channels
from gesso.storage.writer import Writer
from tests.rooms.customer import Customer, no_moderator, no_translator, order

pytestmark = pytest.mark.anyio


async def test_a_task_comes_with_its_hold(customer: Customer) -> None:
    before = await customer.account()
    accepted = await customer.submit(order(state="mine", notify_hook="http://x/"))
    task = await customer.stored(accepted.task)
    assert (task.status, task.state, task.notify_hook) == (TaskStatus.QUEUED, "mine", "http://x/")
    assert task.price_nanos > 0
    after = await customer.account()
    assert after.held_nanos - before.held_nanos == task.price_nanos
    assert before.available_nanos - after.available_nanos == task.price_nanos
    assert await customer.spent() == task.price_nanos
    assert await customer.postings(task) == ["hold"]


async def test_a_refused_order_leaves_no_trace(customer: Customer) -> None:
    before = await customer.account()
    poor = await customer.with_limits(spend_limit_nanos=1)
    with pytest.raises(InsufficientFunds, match="this key may spend"):
        await poor.submit()
    narrow = await customer.with_limits(actions=["blend"])
    with pytest.raises(NotAllowed):
        await narrow.submit()
    with pytest.raises(NoChannel, match="nowhere"):
        await customer.submit(order(selection=Selection(channel_id="nowhere")))
    assert await customer.account() == before
    assert await customer.house.finder.newest(customer.key, limit=9) == []
    assert await poor.spent() == 0


async def test_a_balance_is_never_overdrawn(customer: Customer) -> None:
    other = await administer.create_account(customer.house.database, "other")
    price = (await customer.submit()).task.price_nanos
    await customer.house.writer.write(administer.TopUp(other.id, 3 * price + 1, "p"))
    buyer = await Customer.of(customer.house, other.id)
    outcomes = await asyncio.gather(*(buyer.submit() for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(o, Accepted) for o in outcomes) == 3
    assert sum(isinstance(o, InsufficientFunds) for o in outcomes) == 5
    assert (await buyer.account()).available_nanos == 1


async def test_a_keys_open_tasks_are_limited(customer: Customer) -> None:
    busy = await customer.with_limits(concurrency=2)
    outcomes = await asyncio.gather(*(busy.submit() for _ in range(5)), return_exceptions=True)
    taken = [o.task for o in outcomes if isinstance(o, Accepted)]
    assert len(taken) == 2
    assert sum(isinstance(o, RateLimited) for o in outcomes) == 3
    await customer.house.writer.write(Cancel(taken[0]))
    await busy.submit()


async def test_a_spend_limit_counts_what_is_held_and_gives_back(customer: Customer) -> None:
    price = (await customer.submit()).task.price_nanos
    limited = await customer.with_limits(spend_limit_nanos=price)
    task = (await limited.submit()).task
    with pytest.raises(InsufficientFunds):
        await limited.submit()
    await customer.house.writer.write(Cancel(task))
    assert await limited.spent() == 0
    await limited.submit()


async def test_the_same_request_twice_is_one_task(customer: Customer) -> None:
    once = Repeatable("key-1", b"digest")
    wishes = [customer.submit(repeat=once) for _ in range(6)]
    answers = await asyncio.gather(*wishes)
    assert len({a.task.id for a in answers}) == 1
    assert [a.replayed for a in answers].count(False) == 1
    with pytest.raises(KeyReused):
        await customer.submit(repeat=Repeatable("key-1", b"other"))
    other = await customer.with_limits()
    assert (await other.submit(repeat=once)).task.id != answers[0].task.id


async def test_two_processes_that_get_the_same_request_make_one_task(customer: Customer) -> None:
    house = customer.house
    if not house.database.distributed:
        pytest.skip("on SQLite one process writes")
    other = Writer(house.database, house.jobs)
    serving = asyncio.create_task(other.run())
    submitters = [
        customer.submitter,
        Submitter(other, house.catalogue, no_translator(house), no_moderator(house)),
    ]
    for number in range(10):
        once = Repeatable(f"both-{number}", b"digest")
        answers = await asyncio.gather(
            *(one.submit(customer.key, order(), once) for one in submitters)
        )
        assert len({a.task.id for a in answers}) == 1
    assert len(await house.finder.newest(customer.key, limit=99)) == 10
    serving.cancel()


async def test_a_refused_request_may_be_sent_again_with_its_key(customer: Customer) -> None:
    limited = await customer.with_limits(concurrency=1)
    first = (await limited.submit()).task
    once = Repeatable("key-2", b"digest")
    with pytest.raises(RateLimited):
        await limited.submit(repeat=once)
    await customer.house.writer.write(Cancel(first))
    assert not (await limited.submit(repeat=once)).replayed


async def test_a_full_queue_refuses_and_says_places_before(customer: Customer) -> None:
    (sandbox,) = customer.house.catalogue.channels
    small = replace(sandbox, core_size=1, queue_size=2)
    async with customer.house.database.transaction() as connection:
        await channels.change(connection, small)
    await customer.house.catalogue.refresh()
    outcomes = await asyncio.gather(*(customer.submit() for _ in range(5)), return_exceptions=True)
    assert sorted(o.place for o in outcomes if isinstance(o, Accepted)) == [0, 1, 2]
    assert sum(isinstance(o, QueueFull) for o in outcomes) == 2


async def test_a_disabled_account_is_refused_inside_too(small_customer: Customer) -> None:
    stranger = replace(small_customer.key, account_id="acc_gone")
    with pytest.raises(CallerError):
        await small_customer.submitter.submit(stranger, order())


async def test_a_banned_word_costs_nothing(small_customer: Customer) -> None:
    catalogue = small_customer.house.catalogue
    catalogue._fixed_words = ("ass",)
    await catalogue.refresh()
    with pytest.raises(BannedPrompt) as refusal:
        await small_customer.submit(order("a fine Ass in grass"))
    assert refusal.value.facts["bannedWord"] == "Ass"
    await small_customer.submit(order("grass"))


async def test_test_keys_paint_on_the_sandbox_for_nothing(small_customer: Customer) -> None:
    tester = await small_customer.with_limits(test=True)
    task = (await tester.submit()).task
    assert (task.price_nanos, task.sandboxed, task.channel_id) == (0, True, "ch_sandbox")
    assert await tester.postings(task) == []
