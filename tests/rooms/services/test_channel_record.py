"""How a channel did, from how its tasks ended."""

from __future__ import annotations

import pytest

from gesso.app import House
from gesso.domain.errors import NotFound
from gesso.services.administer import FIRST_CHANNEL
from gesso.services.channel_record import ChannelRecord, by_hour
from gesso.services.settle import Cancel, Succeed
from gesso.storage.task_pages import Ended
from tests.rooms.customer import Customer
from tests.rooms.services.test_settle import DAY, PICTURES, running

pytestmark = pytest.mark.anyio
HOUR_MS = 3_600_000


def test_hours_are_summed_apart() -> None:
    runs = [Ended(HOUR_MS, True, False, ms) for ms in range(1, 101)]
    others = [Ended(HOUR_MS + 1, False, True, 9), Ended(2 * HOUR_MS - 1, False, False, None)]
    later = Ended(5 * HOUR_MS, False, False, None)
    first, second = by_hour([later, *others, *runs])
    assert (first.succeeded, first.failed, first.cancelled) == (100, 1, 1)
    assert (first.median_ms, first.p95_ms) == (50, 95)
    assert (second.at - first.at).total_seconds() == 4 * 3600
    assert (second.succeeded, second.failed, second.median_ms) == (0, 1, None)
    assert by_hour([]) == []


async def test_only_ended_tasks_of_the_channel_count(house: House, customer: Customer) -> None:
    done = (await running(customer)).task
    await house.writer.write(Succeed(done, PICTURES, {}, DAY))
    await house.writer.write(Cancel((await customer.submit()).task))
    await customer.submit()
    desk = ChannelRecord(house.database)
    hours = await desk.hours(FIRST_CHANNEL, 1)
    assert sum(h.succeeded for h in hours) == 1
    assert sum(h.cancelled for h in hours) == 1
    assert sum(h.failed for h in hours) == 0
    with pytest.raises(NotFound):
        await desk.hours("ch_none", 1)
