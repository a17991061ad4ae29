"""Say before a submit what it costs, who would serve it and how long that takes."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from gesso.domain.caller import ApiKey
from gesso.domain.channel import Channel, choose
from gesso.domain.order import Order
from gesso.domain.task import Action, Lane
from gesso.kit import clock
from gesso.ledger.pricing import Quote
from gesso.services.catalogue import Catalogue
from gesso.services.submit import channels_to_count, wish_of
from gesso.storage import tasks
from gesso.storage.database import Database

#: From so many of the newest successes the usual time is learnt.
_SAMPLES = 50
#: How long a learnt time is believed, in seconds, and how many are kept.
_BELIEVE_S, _KEEP = 60.0, 1000
#: How long "none has finished yet" is believed: a first success shows soon.
_BELIEVE_NOTHING_S = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long tasks of one channel, action and lane took, learnt from finished ones."""

    run_s: float | None  #: Median from start to end; None when none has finished yet.
    samples: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order would cost and meet, if it were submitted now."""

    price: Quote
    channel: Channel
    place: int  #: 0 when it would run at once, else its place in the queue.
    pace: Pace

    @property
    def wait_s(self) -> float | None:
        """How long it would wait: whoever is before it takes as long as usual."""
        return wait_s(self.pace, self.place, self.channel.core_size)

    @property
    def expected_s(self) -> float | None:
        """Seconds from submit to end; None when nothing is known."""
        return None if self.pace.run_s is None else (self.wait_s or 0) + self.pace.run_s


def wait_s(pace: Pace, place: int, core_size: int) -> float | None:
    """Return how long a place in the queue takes to be reached; place 0 runs at once."""
    return None if pace.run_s is None else pace.run_s * -(-place // max(1, core_size))


class Quoter:
    """Quotes orders; nothing is stored and nothing is held."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        """Hold where history is, and prices and channels."""
        self._database = database
        self._catalogue = catalogue
        self._paces: dict[tuple[str, Action, Lane], tuple[float, Pace]] = {}

    async def quote(self, key: ApiKey, order: Order) -> Offer:
        """Quote an order; raises what its submit would raise for want of a channel."""
        key.check_action(order.price_action)
        self._catalogue.check_words(order.final_prompt, order.prompt)
        price = self._catalogue.quote(key, order)
        async with self._database.reading() as connection:
            loads = {
                channel: await tasks.count_load(connection, channel, most=most)
                for channel, most in channels_to_count(self._catalogue)
            }
        catalogue = self._catalogue
        channel = choose(
            wish_of(key, order), catalogue.channels, loads, catalogue.can, now=clock.now()
        )
        pace = await self.pace(channel.id, order.action, order.lane)
        return Offer(price, channel, loads[channel.id].place_of_next(channel), pace)

    async def eta_s(self, channel_id: str, action: Action, lane: Lane, place: int) -> float | None:
        """Return in how many seconds a task at this place of a queue will be done."""
        pace = await self.pace(channel_id, action, lane)
        sizes = (c.core_size for c in self._catalogue.channels if c.id == channel_id)
        waits_s = wait_s(pace, place, next(sizes, 1))
        return None if waits_s is None or pace.run_s is None else round(waits_s + pace.run_s, 1)

    def known_pace(self, channel_id: str | None, action: Action, lane: Lane) -> Pace | None:
        """Return what is at hand of a pace, without asking the database."""
        found = self._paces.get((channel_id or "", action, lane))
        return found[1] if found else None

    async def pace(self, channel_id: str, action: Action, lane: Lane) -> Pace:
        """Return how long such tasks took lately."""
        name = (channel_id, action, lane)
        known = self._paces.get(name)
        if known is not None:
            believe_s = _BELIEVE_S if known[1].samples else _BELIEVE_NOTHING_S
            if time.monotonic() - known[0] < believe_s:
                return known[1]
        async with self._database.reading() as connection:
            took = await tasks.find_times(connection, channel_id, action, lane, limit=_SAMPLES)
        pace = Pace(round(statistics.median(took) / 1000, 3) if took else None, len(took))
        if len(self._paces) >= _KEEP:
            self._paces.clear()
        self._paces[name] = (time.monotonic(), pace)
        return pace
