"""The money of relayed calls, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gesso.domain.call import Call, CallState, Usage
from gesso.domain.errors import InsufficientFunds
from gesso.domain.ids import new_call_id
from gesso.kit import clock
from gesso.ledger import audit
from gesso.services.relay_money import LEASE, Keep, Leases, Open, Outcome, Settle, release_dead
from gesso.storage import calls
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


def call(customer: Customer, nanos: int = 1000, *, lease: timedelta = LEASE) -> Call:
    now, key = clock.now(), customer.key
    return Call(
        new_call_id(now), key.account_id, key.id, "chat/completions", "m", "openai@m", nanos,
        now, now + lease,
    )  # fmt: skip


def outcome(nanos: int, status: int = 200) -> Outcome:
    return Outcome(Usage(5, output_tokens=7), nanos, status)


async def proven(customer: Customer) -> audit.Report:
    async with customer.house.database.snapshot() as connection:
        report = await audit.check(connection)
    assert report.findings == ()
    return report


@pytest.mark.parametrize(("used", "charged"), [(0, 0), (300, 300), (1000, 1000), (2500, 2500)])
async def test_what_was_used_is_captured_once(customer: Customer, used: int, charged: int) -> None:
    write, before = customer.house.writer.write, await customer.account()
    one = Open(customer.key, call(customer))
    await write(one)
    assert (await customer.account()).held_nanos == 1000
    assert (await proven(customer)).open_calls == 1
    done = await write(Settle(one, outcome(used)))
    assert done is not None
    assert await write(Settle(one, outcome(used))) is None
    assert (done.charged_nanos, done.state) == (charged, CallState.SETTLED)
    after = await customer.account()
    assert after.available_nanos == before.available_nanos - charged
    assert (await proven(customer)).open_calls == 0


@pytest.mark.parametrize(
    "ended",
    [
        Outcome(Usage(5, 2, 7), 300, 200, "ch_x", None, "abc"),
        Outcome(Usage(5, 2, 7, 11, 13, 17, estimated=True), 300, 200, "ch_x"),
        Outcome(Usage(output_tokens=7, pictures=1), 0, 200),
        Outcome(Usage(5), 300, 200, "ch_x", "resp_1", "abc"),
        Outcome(Usage(), 0, 502, error="the upstream is gone"),
    ],
)
async def test_a_call_is_stored_as_it_ended(customer: Customer, ended: Outcome) -> None:
    house, one = customer.house, Open(customer.key, call(customer))
    async with house.database.reading() as connection:
        assert not await calls.find(connection, [one.call.id])
    await house.writer.write(one)
    async with house.database.reading() as connection:
        assert await calls.find(connection, [one.call.id]) == {one.call.id: one.call}
    free = call(customer, 0)
    done, kept = await asyncio.gather(
        house.writer.write(Settle(one, ended)), house.writer.write(Keep(free, ended))
    )
    assert done is not None
    assert (done.usage, done.upstream_id, done.error) == (
        ended.usage, ended.upstream_id, ended.error,
    )  # fmt: skip
    async with house.database.reading() as connection:
        found = await calls.find(connection, [one.call.id, free.id])
    assert found == {one.call.id: done, free.id: kept}


async def test_nobody_is_overdrawn(customer: Customer) -> None:
    rich = (await customer.account()).available_nanos
    limited = await customer.with_limits(spend_limit_nanos=500)
    with pytest.raises(InsufficientFunds):
        await customer.house.writer.write(Open(limited.key, call(limited)))
    with pytest.raises(InsufficientFunds):
        await customer.house.writer.write(Open(customer.key, call(customer, rich + 1)))
    one = Open(customer.key, call(customer, rich - 10))
    await customer.house.writer.write(one)
    done = await customer.house.writer.write(Settle(one, outcome(rich + 999)))
    assert done is not None
    assert done.charged_nanos == rich
    assert (await customer.account()).available_nanos == 0
    await proven(customer)


async def test_the_hold_of_a_dead_call_comes_back(customer: Customer) -> None:
    house, before = customer.house, await customer.account()
    dead = Open(customer.key, call(customer, lease=-LEASE))
    alive = Open(customer.key, call(customer))
    await asyncio.gather(*(house.writer.write(one) for one in (dead, alive)))
    assert await release_dead(house.database, house.writer) == 1
    assert await release_dead(house.database, house.writer) == 0
    # A process that was only asleep comes too late to charge anything.
    assert await house.writer.write(Settle(dead, outcome(700))) is None
    async with house.database.reading() as connection:
        late = (await calls.find(connection, [dead.call.id]))[dead.call.id]
    assert (late.state, late.charged_nanos) == (CallState.RELEASED, 0)
    await house.writer.write(Settle(alive, outcome(0, 502)))
    assert await customer.account() == before
    await proven(customer)


async def test_a_renewed_lease_keeps_a_call(customer: Customer) -> None:
    house = customer.house
    one = Open(customer.key, call(customer, lease=-LEASE))
    await house.writer.write(one)
    async with house.database.transaction() as connection:
        await calls.renew(connection, [one.call.id], clock.now() + LEASE)
    assert await release_dead(house.database, house.writer) == 0
    leases = Leases(house.database)
    leases.add(one.call)
    leases.drop(one.call)
    await house.writer.write(Settle(one, outcome(1)))


async def test_a_free_call_is_a_row_alone(customer: Customer) -> None:
    free = call(customer, 0)
    await customer.house.writer.write(Keep(free, outcome(0)))
    assert (await proven(customer)).open_calls == 0
