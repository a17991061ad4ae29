"""What other prices would have brought: the same task, priced by another list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gesso.app import House
from gesso.domain.call import Call, Usage
from gesso.domain.errors import InvalidValue
from gesso.domain.ids import new_call_id
from gesso.kit import clock
from gesso.ledger.pricing import DEFAULTS
from gesso.services.relay_money import LEASE, Open, Outcome, Settle
from gesso.services.settle import Succeed
from gesso.services.simulate import LONGEST, Simulator, cost_of_task
from gesso.storage.task_pages import Sold
from tests.rooms.customer import Customer, order
from tests.rooms.services.test_settle import DAY, PICTURES, running

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
FAST = "midjourney@imagine-fast"


def sold(key: str = FAST, **fields: Any) -> Sold:
    values: dict[str, Any] = {
        "lane": "fast", "version": "", "times": 1, "price_nanos": 100, "charged_nanos": 100,
    }  # fmt: skip
    return Sold(key, **(values | fields))


@pytest.mark.parametrize(
    ("one", "prices", "nanos"),
    [
        (sold(), {FAST: 70}, 70),
        (sold(), {"midjourney@imagine": 60, "midjourney": 1}, 60),
        (sold(version="v7"), {FAST: 70, "midjourney@imagine-v7-fast": 90}, 90),
        (sold("midjourney@imagine-v7-fast"), {FAST: 70, "midjourney@imagine-v7": 80}, 80),
        (sold("midjourney@video-720p", times=4), {"midjourney@video-720p": 50}, 200),
        (sold(charged_nanos=25), {FAST: 80}, 20),
        (sold(price_nanos=0, charged_nanos=0), {FAST: 80}, 80),
        (sold("midjourney"), {"midjourney": 7}, 7),
        (sold("gone"), {}, 100),
    ],
)
def test_a_task_is_priced_as_its_submit_would_be(
    one: Sold, prices: dict[str, int], nanos: int
) -> None:
    assert cost_of_task(prices, one) == nanos


async def test_what_was_sold_is_summed_by_its_price_key(house: House, customer: Customer) -> None:
    for delivered in (2, 4):
        task = (await running(customer)).task
        await house.writer.write(Succeed(task, PICTURES, {}, DAY, delivered, 4))
    key = (await customer.submit(order("open"))).task.price_key
    await _call(customer)
    now, price = clock.now(), DEFAULTS[key]
    found = await Simulator(house.database, house.catalogue).simulate(
        now - HOUR, now + HOUR, {key: 2 * price, "openai@gpt-4o-mini:input": 0}
    )
    assert found.whole
    tasks, calls = found.lines
    assert (tasks.price_key, tasks.sold) == (key, 2)
    assert tasks.paid_nanos == tasks.now_nanos == price // 2 + price
    assert tasks.then_nanos == price + 2 * price
    assert (calls.price_key, calls.sold, calls.paid_nanos) == ("openai@gpt-4o-mini", 1, 999)
    assert (calls.now_nanos, calls.then_nanos) == (1000 * 150 + 500 * 600, 500 * 600)


async def _call(customer: Customer) -> None:
    now, key = clock.now(), customer.key
    call = Call(
        new_call_id(now), key.account_id, key.id, "chat/completions", "gpt-4o-mini",
        "openai@gpt-4o-mini", 1000, now, now + LEASE,
    )  # fmt: skip
    opened = Open(key, call)
    await customer.house.writer.write(opened)
    usage = Usage(1000, output_tokens=500)
    await customer.house.writer.write(Settle(opened, Outcome(usage, 999, 200)))


async def test_times_that_cannot_be_looked_at(small_house: House) -> None:
    desk, now = Simulator(small_house.database, small_house.catalogue), clock.now()
    for since in (now, now + HOUR, now - LONGEST - HOUR):
        with pytest.raises(InvalidValue):
            await desk.simulate(since, now, {})
    with pytest.raises(InvalidValue):
        await desk.simulate(now - HOUR, now, {FAST: -1})
    assert (await desk.simulate(now - HOUR, now, {})).lines == ()
