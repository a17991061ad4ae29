"""Looking tasks up: somebody else's task does not exist."""

from __future__ import annotations

import pytest

from gesso.domain.errors import NotFound
from gesso.domain.search import Search
from gesso.services import administer, look_up
from gesso.services.settle import Cancel
from tests.rooms.customer import Customer, order

pytestmark = pytest.mark.anyio


async def test_only_ones_own_tasks_exist(small_customer: Customer) -> None:
    house = small_customer.house
    mine = [(await small_customer.submit(order(f"{n}"))).task for n in range(3)]
    other = await administer.create_account(house.database, "other")
    stranger = (await Customer.of(house, other.id)).key
    finder = house.finder
    assert await finder.find(stranger, mine[0].id) is None
    with pytest.raises(NotFound):
        await finder.get(stranger, mine[0].id)
    ids = [t.id for t in mine]
    assert await finder.find_many(stranger, ids) == []
    assert await finder.newest(stranger, limit=9) == []
    assert await finder.queue(stranger, limit=9) == []
    found = await finder.find_many(small_customer.key, [ids[2], 7, ids[0], ids[2]])
    assert [t.id for t in found] == [ids[2], ids[0]]
    await house.writer.write(Cancel(mine[1]))
    assert {t.id for t in await finder.queue(small_customer.key, limit=9)} == {ids[0], ids[2]}
    assert await finder.find_any(ids[0]) is not None


async def test_a_large_total_is_counted_once_in_a_while_and_a_small_one_always(
    small_customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder, key = small_customer.house.finder, small_customer.key
    await small_customer.submit()
    assert (await finder.search(key, Search())).total == 1
    await small_customer.submit()
    assert (await finder.search(key, Search())).total == 2
    monkeypatch.setattr(look_up, "_LARGE", 2)
    assert (await finder.search(key, Search(size=1))).total == 2
    await small_customer.submit()
    next_page = await finder.search(key, Search(number=1, size=1))
    assert (next_page.total, len(next_page.tasks)) == (2, 1)
    assert (await finder.search(key, Search(contains={"prompt": "boat"}))).total == 3
    monkeypatch.setattr(look_up, "_BELIEVE_S", 0.0)
    assert (await finder.search(key, Search())).total == 3
