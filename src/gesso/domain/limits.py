"""Limits on relayed calls and on money, of a key or of a whole account. Pure.

Counted in windows of the clock: minutes for requests and tokens, days and months (UTC) for
money. What is counted stands in the database, so that all processes count together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Meter = tuple[str, str, int]  #: Owner, what is counted, begin of the window in epoch seconds.


class What(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    DAY = "day"  #: Nano-dollars of a day.
    MONTH = "month"  #: Nano-dollars of a month.


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
        return self != NO_LIMITS


NO_LIMITS = Limits()


def meter(owner: str, what: What, now: datetime) -> Meter:
    """Return which window counts a moment."""
    if what is What.MONTH:
        start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    elif what is What.DAY:
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    else:
        start = now.replace(second=0, microsecond=0)
    return owner, what.value, int(start.timestamp())


def counted_of(order: Mapping[str, Any]) -> tuple[Meter, ...]:
    """Return the windows that counted the price of a task, from its order."""
    return tuple((owner, what, since) for owner, what, since in order.get(COUNTED, ()))


@dataclass(frozen=True, slots=True)
class Allowance:
    """How far a limit of a minute is used up, for headers."""

    what: What
    limit: int
    left: int
    reset_s: float  #: Until the window ends.
