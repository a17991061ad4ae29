"""Limits on relayed calls and on money, of a key or of a whole account. Pure.

Counted in windows of the clock: minutes for requests and tokens, days and months (UTC) for
money. What is counted stands in the database, so that all processes count together.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

Meter = tuple[str, str, int]  #: Owner, what is counted, begin of the window in epoch seconds.


class What(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    DAY = "day"  #: Nano-dollars of a day.
    MONTH = "month"  #: Nano-dollars of a month.


MINUTE_S, _DAY_S = 60, 86_400
MONEY = (What.DAY, What.MONTH)
#: Where a task's order keeps the windows that counted its price.
COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a key or an account may do; None does not limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None  #: Open calls at once.
    day_nanos: int | None = None  #: Nano-dollars in a day.
    month_nanos: int | None = None  #: Nano-dollars in a month.

    def each(self) -> Iterator[tuple[What, int]]:
        """Yield what is counted, with its limit."""
        pairs = (
            (What.REQUESTS, self.requests_per_minute),
            (What.TOKENS, self.tokens_per_minute),
            (What.DAY, self.day_nanos),
            (What.MONTH, self.month_nanos),
        )
        return ((what, most) for what, most in pairs if most is not None)

    @property
    def any(self) -> bool:
        """Whether anything is limited."""
        return self is not NO_LIMITS and self != NO_LIMITS


NO_LIMITS = Limits()


def meter(owner: str, what: What, now: datetime) -> Meter:
    """Return which window counts a moment."""
    return owner, what.value, begin(what, int(now.timestamp()))


def begin(what: What, at_s: int) -> int:
    """Return when the window began that a moment is in; both in epoch seconds."""
    if what is What.MONTH:
        return _month(at_s // _DAY_S)
    return at_s - at_s % (_DAY_S if what is What.DAY else MINUTE_S)


@functools.lru_cache(maxsize=64)
def _month(day: int) -> int:
    """Return when the month of a day since the epoch began."""
    first = datetime.fromtimestamp(day * _DAY_S, UTC).replace(day=1)
    return int(first.timestamp())


def counted_of(order: Mapping[str, Any]) -> tuple[Meter, ...]:
    """Return the windows that counted the price of a task, from its order."""
    return tuple((owner, what, since) for owner, what, since in order.get(COUNTED, ()))


class Allowance(NamedTuple):
    """How far a limit of a minute is used up, for headers."""

    what: What
    limit: int
    left: int
    reset_s: float  #: Until the window ends.
