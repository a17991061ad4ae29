"""What is kept between commits is what the database has, whoever writes and whatever fails."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from gesso.domain.call import Call
from gesso.domain.errors import CallerError, NotAllowed, RateLimited
from gesso.domain.limits import Limits
from gesso.ledger import audit
from gesso.services.relay_money import Open, Settle
from gesso.storage import accounts, calls, kept, keys, meters, schema
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from tests.rooms.customer import Customer
from tests.rooms.services.test_relay_money import call, outcome

pytestmark = pytest.mark.anyio

LIMITS = Limits(10_000, 10**9, 5, 10**12, 10**12)


@dataclass(frozen=True)
class Twice:
    """Counts and stores a call whose id is taken: its commit fails."""

    opened: Open

    @property
    def needs(self) -> Needs:
        return self.opened.needs

    def apply(self, unit: Unit) -> None:
        self.opened.apply(unit)


def driver_of(customer: Customer) -> Any:
    direct = customer.house.database.direct
    assert direct is not None
    assert direct._connection is not None
    return direct._connection.driver


async def limited(customer: Customer) -> Customer:
    return await customer.with_limits(limits=LIMITS)


async def begin(customer: Customer, one: Open | None = None) -> Open:
    one = one or Open(customer.key, call(customer))
    await customer.house.writer.write(one, lasting=False)
    return one


async def test_a_call_after_another_reads_nothing(small_customer: Customer) -> None:
    customer = await limited(small_customer)
    before = await begin(customer)
    said: list[str] = []
    driver_of(customer).set_trace_callback(said.append)
    after = await begin(customer)
    for one in (before, after):
        await customer.house.writer.write(Settle(one, outcome(300)), lasting=False)
    driver_of(customer).set_trace_callback(None)
    assert sum(one.startswith("BEGIN") for one in said) == 3
    assert [one for one in said if one.startswith("SELECT")] == []


async def test_what_others_write_is_seen(customer: Customer) -> None:
    customer = await limited(customer)
    house = customer.house
    first, second = await begin(customer), await begin(customer)
    async with house.database.transaction() as connection:
        await accounts.change(connection, customer.key.account_id, {"enabled": False})
    with pytest.raises(NotAllowed):
        await begin(customer)
    async with house.database.transaction() as connection:
        await accounts.change(connection, customer.key.account_id, {"enabled": True})
        full = [(one.meter, one.most) for one in first.bound.windows if one.what == "requests"]
        await meters.save(connection, full)
    with pytest.raises(RateLimited):
        await begin(customer)
    async with house.database.transaction() as connection:  # as another process settles it
        closed = update(schema.calls).where(schema.calls.c.id == second.call.id)
        await connection.execute(closed.values(state="released"))
    assert await house.writer.write(Settle(second, outcome(300))) is None
    assert await house.writer.write(Settle(first, outcome(300))) is not None


async def test_a_commit_that_fails_leaves_nothing(customer: Customer) -> None:
    customer = await limited(customer)
    first = await begin(customer)
    for _ in range(10):  # each would count one more open call, of five
        with pytest.raises(IntegrityError):
            await customer.house.writer.write(Twice(first), lasting=False)
    for _ in range(4):
        await begin(customer)
    with pytest.raises(RateLimited, match="5 open calls"):
        await begin(customer)


async def test_only_so_much_is_kept(
    small_customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_MOST", 4)
    writer, others = small_customer.house.writer, [await limited(small_customer) for _ in range(6)]
    opened = [await begin(one) for one in others]
    known = writer._kept
    assert len(known._spent) <= 4
    assert len(known._meters) <= 4
    for one in opened:
        assert await writer.write(Settle(one, outcome(300))) is not None
    await _is_true(small_customer, others)


@pytest.mark.parametrize("seed", range(4))
async def test_it_is_what_the_database_has(small_customer: Customer, seed: int) -> None:
    dice = random.Random(seed)
    writer, database = small_customer.house.writer, small_customer.house.database
    people = [await limited(small_customer), await small_customer.with_limits()]
    opened: list[Open] = []
    for _ in range(60):
        who = dice.choice(people)
        step = dice.choice(("open", "open", "settle", "settle", "fail", "other", "both"))
        # Refused where five are open; the counts must be as they were.
        with suppress(CallerError, IntegrityError):
            if step in ("open", "both"):
                opened.append(await begin(who))
            if step in ("settle", "both") and opened:
                ended = opened.pop(dice.randrange(len(opened)))
                await writer.write(Settle(ended, outcome(dice.randrange(2000))), lasting=False)
            if step == "fail" and opened:
                await writer.write(Twice(opened[0]), lasting=False)
            if step == "other":
                async with database.transaction() as connection:
                    await accounts.change(connection, who.key.account_id, {"name": str(dice)})
        await _is_true(small_customer, people)
    async with database.snapshot() as connection:
        assert (await audit.check(connection)).findings == ()


async def _is_true(customer: Customer, people: Sequence[Customer]) -> None:
    """See that everything that would be used without being read is what the database has."""
    house = customer.house
    known, direct = house.writer._kept, house.database.direct
    assert direct is not None

    async def look(connection: Any) -> None:
        connection.look()
        known.begin(connection)
        assert known._accounts == await accounts.lock(connection, known._accounts)
        assert known._spent == await keys.lock_spent(connection, known._spent)
        assert known._meters == await meters.find(connection, known._meters)
        is_open = select(schema.calls.c.id).where(schema.calls.c.state == "open")
        found = {row[0] for row in await connection.execute(is_open)}
        assert known._calls <= found
        if customer.key.account_id in known.open_calls:
            count = select(func.count()).where(schema.calls.c.state == "open")
            assert known.open_calls[customer.key.account_id] == len(found)
            for one in people:
                mine = await connection.execute(count.where(schema.calls.c.key_id == one.key.id))
                assert known.open_calls.get(one.key.id, 0) == mine.scalar_one()

    await house.database.run(look)


async def test_calls_of_others_are_read(small_customer: Customer) -> None:
    """Only what this process opened itself is known to be open."""
    house = small_customer.house
    one = Open(small_customer.key, call(small_customer))
    async with house.database.transaction() as connection:
        await calls.insert_all(connection, [one.call])
    found: dict[str, Call] = {}

    async def look(connection: Any) -> None:
        found.update(await kept.Kept().lock_open(connection, [one.call]))

    await house.database.run(look)
    assert found == {one.call.id: one.call}
