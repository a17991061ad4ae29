"""The small tables, on both databases: what goes in comes out, limits and orders hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gesso.app import House
from gesso.domain.channel import Channel
from gesso.domain.task import Lane, TaskStatus
from gesso.domain.terms import Terms
from gesso.kit import clock
from gesso.services.settle import Cancel
from gesso.storage import blob_uses, channels, keys, prices, replays, secrets, tasks
from gesso.storage.replays import Replay
from tests.rooms.customer import Customer, order
from tests.rooms.providers.mjproxy.jobs import task as job_task

pytestmark = pytest.mark.anyio
NOW = clock.now()


async def test_channels(house: House) -> None:
    made = Channel(
        "ch_x", "x", "mjproxy", enabled=False, base_url="http://x", options={"secret": "s"},
        lanes=frozenset({Lane.RELAX}), core_size=7, queue_size=0, timeout_s=9, weight=2,
        priority=-1, remark="备注", created_at=NOW,
    )  # fmt: skip
    async with house.database.transaction() as connection:
        await channels.create(connection, made, NOW)
        found = {c.id: c for c in await channels.find_all(connection)}
        assert found["ch_x"] == made


async def test_replays_are_found_by_both_keys_and_forgotten(house: House) -> None:
    task = (await (await Customer.of(house)).submit()).task
    made = [Replay("k1", "same", b"1", task.id), Replay("k2", "same", b"2", task.id)]
    async with house.database.transaction() as connection:
        await replays.insert_all(connection, made, NOW)
        wanted = [("k1", "same"), ("k2", "same"), ("k1", "other")]
        found = await replays.find(connection, wanted)
        assert sorted(found.values(), key=lambda r: r.key_id) == made
        assert await replays.find(connection, []) == {}
        await replays.forget_before(connection, NOW + timedelta(seconds=1))
        assert await replays.find(connection, wanted) == {}


async def test_a_blob_stays_while_any_task_needs_it(house: House) -> None:
    async with house.database.transaction() as connection:
        soon, late = NOW, NOW + timedelta(hours=1)
        await blob_uses.insert_all(connection, [("a", 1, soon), ("a", 2, late), ("b", 1, soon)])
        await blob_uses.insert_all(connection, [("a", 1, late)])  # Known: stays as it is.
        assert await blob_uses.take_expired(connection, NOW, limit=10) == ["b"]
        assert await blob_uses.is_used(connection, "a")
        assert not await blob_uses.is_used(connection, "b")
        assert await blob_uses.take_expired(connection, late, limit=10) == ["a"]


async def test_a_secret_is_drawn_once(house: House) -> None:
    async with house.database.transaction() as connection:
        first = await secrets.get(connection, "x")
        assert await secrets.get(connection, "x") == first
        assert await secrets.get(connection, "y") != first
        assert len(bytes.fromhex(first)) == 32


async def test_prices_are_replaced(house: House) -> None:
    async with house.database.transaction() as connection:
        await prices.replace(connection, {"imagine": 5, "blend": 6})
        await prices.replace(connection, {"imagine": 7})
        await prices.replace(connection, {})
        assert await prices.find_all(connection) == {"imagine": 7, "blend": 6}


async def test_keys_are_found_by_their_digest_alone(house: House) -> None:
    customer = await Customer.of(
        house, actions=["imagine"], networks=["10.0.0.0/8"], concurrency=2, rate_per_minute=60,
        spend_limit_nanos=10**12, expires_at=NOW.replace(microsecond=0),
    )  # fmt: skip
    async with house.database.transaction() as connection:
        assert await keys.find_by_secret(connection, customer.secret, NOW) == customer.key
        assert await keys.find_by_secret(connection, customer.secret + "x", NOW) is None
        assert await keys.find_by_secret(connection, "\ud800", NOW) is None
        assert await keys.revoke(connection, customer.key.id, NOW)
        assert not await keys.revoke(connection, "nobody", NOW)
        found = await keys.find_by_secret(connection, customer.secret, NOW)
        assert found is not None
        assert found.revoked_at is not None


async def test_tasks_of_an_account(house: House) -> None:
    customer = await Customer.of(house)
    made = [(await customer.submit(order(f"boat {n}"))).task for n in range(4)]
    await house.writer.write(Cancel(made[1]))
    account = customer.key.account_id
    async with house.database.transaction() as connection:
        newest = await tasks.find_of_account(connection, account, limit=2)
        assert {t.id for t in newest} <= {t.id for t in made[1:]}
        open_ones = await tasks.find_of_account(connection, account, limit=9, open_only=True)
        assert {t.id for t in open_ones} == {t.id for t in made} - {made[1].id}
        assert await tasks.count_open_of_key(connection, customer.key.id, most=9) == 3
        assert await tasks.count_open_of_key(connection, customer.key.id, most=2) == 2
        load = await tasks.count_load(connection, "ch_sandbox", most=9)
        assert (load.waiting, load.running) == (3, 0)
        stored = (await tasks.lock(connection, [made[0].id]))[made[0].id]
        rich = replace(stored, result={"词": [1, None]}, fail_reason="\x01 任务", progress=3)
        await tasks.update_all(connection, [rich])
        assert (await tasks.find_all(connection, [rich.id, 9])) == {rich.id: rich}
        assert rich.status is TaskStatus.QUEUED


def test_a_task_that_an_older_release_kept_is_read() -> None:
    made = job_task(watched=False)
    row = tasks.write_row(made)
    del row["watched"]
    assert tasks.read_stored(row) == made


async def test_a_task_id_is_taken_once(house: House) -> None:
    task = (await (await Customer.of(house)).submit()).task
    with pytest.raises(IntegrityError):
        async with house.database.transaction() as connection:
            await tasks.insert_all(connection, [task])


async def test_a_queue_is_read_as_it_will_be_served(house: House) -> None:
    first, other = await Customer.of(house), await Customer.of(house)
    relaxed = (await first.submit(order(lane=Lane.RELAX))).task
    fast = [(await first.submit(order(f"{n}"))).task for n in range(2)]
    turbo = (await other.submit(order(lane=Lane.TURBO))).task
    served = [turbo, *fast, relaxed]
    async with house.database.transaction() as connection:
        found = await tasks.find_queue(connection, "ch_sandbox", limit=9)
        assert found == [task.id for task in served]
        assert await tasks.find_queue(connection, "ch_sandbox", limit=2) == found[:2]
        # A later turn stands behind an earlier one, whoever came first.
        await tasks.update_all(connection, [replace(fast[0], turn=9)])
        found = await tasks.find_queue(connection, "ch_sandbox", limit=9)
        assert found == [turbo.id, fast[1].id, fast[0].id, relaxed.id]
        ranks = [task.lane.rank(task.turn) for task in (turbo, fast[1], replace(fast[0], turn=9))]
        assert ranks == sorted(ranks, reverse=True)


async def test_what_is_late_is_found_by_its_time(house: House) -> None:
    customer, now = await Customer.of(house), clock.now()
    terms = Terms(start_by=now)
    late = (await customer.submitter.submit(customer.key, order(), terms=terms)).task
    await customer.submit()
    async with house.database.transaction() as connection:
        assert await tasks.find_late(connection, now - timedelta(seconds=1)) == []
        assert [t.id for t in await tasks.find_late(connection, now)] == [late.id]
        await tasks.update_all(connection, [replace(late, order={})])
        assert await tasks.find_late(connection, now) == []
