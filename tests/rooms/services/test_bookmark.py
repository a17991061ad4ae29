"""The bookmark: turned over each time, beside a result that stays as it is."""

from __future__ import annotations

import pytest

from gesso.services.bookmark import Bookmarker
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


async def test_it_is_turned_over_and_nothing_else_changes(customer: Customer) -> None:
    task = (await customer.submit()).task
    bookmarker = Bookmarker(customer.house.writer)
    for expected in (True, False, True):
        turned = await bookmarker.turn(task)
        found = await customer.stored(task)
        assert turned.result["bookmarked"] is found.result["bookmarked"] is expected
        assert (found.status, found.price_nanos) == (task.status, task.price_nanos)
    assert await customer.postings(task) == ["hold"]
