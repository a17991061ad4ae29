"""Say what a time would have cost with other prices, from what was really sold in it.

Tasks count by their submit and relayed calls by their capture. What a task delivered in part
is counted in part again; what nobody could be charged for (failed, cancelled, test keys) is
left out. Reads only: nothing here changes a price.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gesso.domain.call import Call
from gesso.domain.errors import InvalidValue
from gesso.ledger import journal
from gesso.ledger.model_prices import Tariff, find_tariff
from gesso.ledger.pricing import quote
from gesso.services.catalogue import Catalogue
from gesso.storage import calls, task_pages
from gesso.storage.database import Database
from gesso.storage.task_pages import Sold

#: The longest time that is looked at, and how many tasks and how many calls at most.
LONGEST = timedelta(days=92)
MOST = 50_000
#: How many calls are read with one statement.
_BATCH = 500
_PREFIX = "midjourney@"
_SPEEDS = ("-fast", "-turbo")


@dataclass(frozen=True, slots=True)
class Line:
    """All that was sold at one price key, in nano-dollars."""

    price_key: str  #: As it was charged.
    sold: int
    paid_nanos: int  #: What was really captured.
    now_nanos: int  #: What it would cost by today's list.
    then_nanos: int  #: What it would cost by the changed list.


@dataclass(frozen=True, slots=True)
class Simulation:
    """The answer; not `whole` when more was sold than is looked at, then the newest counts."""

    lines: tuple[Line, ...]
    whole: bool


class Simulator:
    """Computes what other prices would have brought."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        """Hold what was sold and today's prices."""
        self._database = database
        self._catalogue = catalogue

    async def simulate(
        self, since: datetime, until: datetime, changes: Mapping[str, int]
    ) -> Simulation:
        """Return what was paid and would be, by price key; `changes` are nano-dollars by key.

        Raises InvalidValue for a time that is empty or too long, and for a negative price.
        """
        if not timedelta(0) < until - since <= LONGEST:
            raise InvalidValue(f"until must be 1–{LONGEST.days} days after since", param="until")
        if any(nanos < 0 for nanos in changes.values()):
            raise InvalidValue("a price must not be negative", param="prices")
        async with self._database.reading() as connection:
            sold = await task_pages.find_sold(connection, since, until, limit=MOST + 1)
            names = await journal.captured_calls(connection, since, until, limit=MOST + 1)
            made: list[Call] = []
            for start in range(0, min(len(names), MOST), _BATCH):
                part = names[start : start + _BATCH]
                made += (await calls.find(connection, part)).values()
        now = dict(self._catalogue.prices)
        then = now | dict(changes)
        whole = len(sold) <= MOST and len(names) <= MOST
        # So many rows take a while to add up; other requests must not wait for it.
        lines = await asyncio.to_thread(_add_up, sold[:MOST], made, now, then)
        return Simulation(lines, whole)


def _add_up(
    sold: Sequence[Sold], made: Sequence[Call], now: Mapping[str, int], then: Mapping[str, int]
) -> tuple[Line, ...]:
    lines: dict[str, Line] = {}

    def add(key: str, paid: int, now_nanos: int, then_nanos: int) -> None:
        line = lines.get(key, Line(key, 0, 0, 0, 0))
        lines[key] = replace(
            line,
            sold=line.sold + 1,
            paid_nanos=line.paid_nanos + paid,
            now_nanos=line.now_nanos + now_nanos,
            then_nanos=line.then_nanos + then_nanos,
        )

    for one in sold:
        add(one.price_key, one.charged_nanos, cost_of_task(now, one), cost_of_task(then, one))
    tariffs = [_Tariffs(now), _Tariffs(then)]
    for call in made:
        now_nanos, then_nanos = (t.cost(call) for t in tariffs)
        add(call.price_key, call.charged_nanos, now_nanos, then_nanos)
    return tuple(lines[key] for key in sorted(lines))


def cost_of_task(prices: Mapping[str, int], sold: Sold) -> int:
    """Return what a task would cost by a price list, in nano-dollars."""
    if sold.price_key.startswith(_PREFIX):
        action, version = _read_key(sold)
        unit = quote(prices, action, version=version, lane=sold.lane).nanos
    else:
        # Priced by a key that names no action: only that key can say what it costs.
        unit = prices.get(sold.price_key, sold.price_nanos // sold.times)
    full = unit * sold.times
    # Charged in part before: the same part again.
    return full * sold.charged_nanos // sold.price_nanos if sold.price_nanos else full


def _read_key(sold: Sold) -> tuple[str, str]:
    """Return action and version of a task by its price key, else its version by its order."""
    rest = sold.price_key.removeprefix(_PREFIX)
    for speed in _SPEEDS:
        rest = rest.removesuffix(speed)
    action, _, version = rest.partition("-")
    return action, version or sold.version


class _Tariffs:
    """What calls cost by one price list; each model is looked up once."""

    def __init__(self, prices: Mapping[str, int]) -> None:
        self._prices = prices
        self._known: dict[str, Tariff | None] = {}

    def cost(self, call: Call) -> int:
        if call.model not in self._known:
            self._known[call.model] = find_tariff(self._prices, call.model)
        tariff = self._known[call.model]
        return call.charged_nanos if tariff is None else tariff.cost(call.usage)
