"""Limits on relayed calls: checked and counted in the transaction that opens a call.

It holds the lock of the account, so that the count is exact over all processes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gesso.domain.call import Call, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InsufficientFunds, RateLimited
from gesso.domain.limits import MINUTE_S, MONEY, Allowance, Limits, Meter, What, begin, meter
from gesso.services import spend_limits
from gesso.storage.unit import Unit


class Window(NamedTuple):
    """One limit of a key or its account, in the window of time that counts a call."""

    meter: Meter
    what: What
    most: int
    whose: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Everything that limits a call."""

    windows: tuple[Window, ...]
    busy: tuple[tuple[str, int, str], ...]  #: Owner, its most open calls, and whose it is.
    meters: tuple[Meter, ...]


def is_limited(key: ApiKey) -> bool:
    """Say whether calls of a key are counted."""
    return key.call_limits.any or key.account_limits.any


def bound_of(key: ApiKey, at: datetime) -> Bound:
    """Return what limits a call of a key that begins at a moment."""
    seconds = int(at.timestamp())
    return _bound(key, seconds - seconds % MINUTE_S)


@functools.lru_cache(maxsize=4096)
def _bound(key: ApiKey, minute_s: int) -> Bound:
    # Kept: asked for twice per call, and the same for all calls of a key in a minute.
    owners = (
        (key.id, key.call_limits, "this key"),
        (key.account_id, key.account_limits, "this account"),
    )
    windows = tuple(
        Window((owner, what.value, begin(what, minute_s)), what, most, whose)
        for owner, limits, whose in owners
        for what, most in limits.each()
    )
    busy = tuple(_busy(owner, limits, whose) for owner, limits, whose in owners)
    counted = tuple(one for one in busy if one is not None)
    return Bound(windows, counted, tuple(w.meter for w in windows))


def _busy(owner: str, limits: Limits, whose: str) -> tuple[str, int, str] | None:
    return None if limits.concurrency is None else (owner, limits.concurrency, whose)


def money_of(call: Call) -> tuple[Meter, ...]:
    """Return the windows that may have counted a call's price."""
    owners = (call.key_id, call.account_id)
    return tuple(meter(owner, what, call.started_at) for owner in owners for what in MONEY)


def take(unit: Unit, bound: Bound, call: Call, foreseen: Usage) -> tuple[Allowance, ...]:
    """Count a call that begins; raises RateLimited or InsufficientFunds.

    Returns what is left of the limits of a minute, the tightest of each kind.
    """
    for owner, most, whose in bound.busy:
        if unit.open_calls.get(owner, 0) >= most:
            message = f"{whose} may have {most} open calls at once"
            raise RateLimited(message, facts={"retry_after_s": 1.0})
    left: dict[What, tuple[int, int]] = {}
    for name, what, most, whose in bound.windows:
        amount = _amount(what, call, foreseen)
        rest = most - unit.meters[name] - amount
        if rest < 0:
            raise _refusal(what, most, amount, whose, call.started_at)
        unit.count(name, amount)
        if what not in MONEY and (what not in left or rest < left[what][0]):
            left[what] = rest, most
    unit.count_call(call, 1)
    rest_s = _rest_s(call.started_at) if left else 0.0
    return tuple(Allowance(what, most, rest, rest_s) for what, (rest, most) in left.items())


def correct(
    unit: Unit, call: Call, meters: tuple[Meter, ...], charged_nanos: int, tokens: int
) -> None:
    """Replace what was foreseen of an ended call by what it used; `tokens` is the difference."""
    nanos = charged_nanos - call.price_nanos
    changes = {What.TOKENS.value: tokens, What.DAY.value: nanos, What.MONTH.value: nanos}
    for name in meters:
        counted, change = unit.meters.get(name), changes.get(name[1])
        if counted and change:
            unit.count(name, max(change, -counted))
    unit.count_call(call, -1)


def _amount(what: What, call: Call, foreseen: Usage) -> int:
    if what in MONEY:
        return call.price_nanos
    return 1 if what is What.REQUESTS else tokens_of(foreseen)


def tokens_of(usage: Usage) -> int:
    """Return how many tokens count against a limit."""
    return usage.input_tokens + usage.output_tokens


def _refusal(
    what: What, most: int, amount: int, whose: str, now: datetime
) -> RateLimited | InsufficientFunds:
    if what in MONEY:
        return spend_limits.refusal(whose, what, most, amount)
    facts: dict[str, object] = {"retry_after_s": _rest_s(now)}
    if amount > most:
        facts = {}  # waiting does not help
    return RateLimited(f"{whose} may use {most} {what.value} a minute", facts=facts)


def _rest_s(now: datetime) -> float:
    """Return how long the minute of a moment still lasts."""
    return round(MINUTE_S - now.timestamp() % MINUTE_S, 3)
