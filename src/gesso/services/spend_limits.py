"""Limits on submits of a minute and on money of a day and a month, as picture tasks meet them.

The windows are those of relayed calls (`relay_limits`), so that a limit binds both together.
A task that was counted remembers where, so that what it gives back is taken off the same
windows, whatever the limits are by then; keys and accounts without such limits read and write
nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gesso.domain.caller import ApiKey
from gesso.domain.errors import InsufficientFunds, RateLimited
from gesso.domain.limits import COUNTED, MONEY, NO_LIMITS, Limits, Meter, What, counted_of, meter
from gesso.domain.task import Task
from gesso.ledger.money import write_dollars
from gesso.storage.unit import Unit


def meters_of(key: ApiKey, at: datetime) -> tuple[Meter, ...]:
    """Return the windows that count the price of a task which is paid for at a moment."""
    return tuple(
        meter(owner, what, at) for owner, limits in _owners(key) for what, _ in _most(limits)
    )


def requests_of(key: ApiKey, at: datetime) -> tuple[Meter, ...]:
    """Return the window that counts a submit, if the key's pace is limited."""
    return (meter(key.id, What.REQUESTS, at),) if key.rate_per_minute else ()


def take_request(unit: Unit, key: ApiKey, at: datetime) -> None:
    """Count a submit; raises RateLimited when the key has sent enough of them this minute.

    Each process also paces all requests of a key by itself; this one is exact over all.
    """
    for one in requests_of(key, at):
        if unit.meters[one] >= (key.rate_per_minute or 0):
            raise RateLimited(
                f"this key may send {key.rate_per_minute} requests a minute",
                facts={"retry_after_s": round(60 - at.timestamp() % 60, 1)},
            )
        unit.count(one, 1)


def take(
    unit: Unit, key: ApiKey, at: datetime, nanos: int, order: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Count a price that is about to be held; raises InsufficientFunds and counts nothing.

    Returns the task's order, with the windows that counted it when there are any.
    """
    counted: list[Meter] = []
    for owner, limits in _owners(key) if nanos else ():
        for what, most in _most(limits):
            one = meter(owner, what, at)
            if unit.meters[one] + nanos > most:
                raise refusal("this key" if owner == key.id else "this account", what, most, nanos)
            unit.count(one, nanos)
            counted.append(one)
    return {**order, COUNTED: counted} if counted else order


def give_back(unit: Unit, task: Task, nanos: int) -> None:
    """Take a part of a task's price off the windows that counted it."""
    for one in counted_of(task.order) if nanos else ():
        if unit.meters.get(one):
            unit.count(one, -min(nanos, unit.meters[one]))


def refusal(whose: str, what: What, most: int, nanos: int) -> InsufficientFunds:
    """Return the error of a key or an account that would spend more than it may."""
    return InsufficientFunds(
        f"{whose} may spend ${write_dollars(most)} a {what.value}; "
        f"with ${write_dollars(nanos)} more it would spend more than that"
    )


def _owners(key: ApiKey) -> tuple[tuple[str, Limits], ...]:
    if key.limits is NO_LIMITS and key.account_limits is NO_LIMITS:
        return ()  # The usual key: every submit comes by here twice.
    return (key.id, key.limits), (key.account_id, key.account_limits)


def _most(limits: Limits) -> list[tuple[What, int]]:
    most = zip(MONEY, (limits.day_nanos, limits.month_nanos), strict=True)
    return [(what, nanos) for what, nanos in most if nanos is not None]
