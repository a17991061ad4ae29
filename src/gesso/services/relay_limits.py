"""Limits on relayed calls: checked and counted in the transaction that opens a call.

It holds the lock of the account, so that the count is exact over all processes.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from gesso.domain.call import Call, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InsufficientFunds, RateLimited
from gesso.domain.limits import MINUTE_S, MONEY, Allowance, Limits, Meter, What, begin, meter
from gesso.services import spend_limits
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit

#: The places of what a call uses, in a row of amounts: of requests, tokens and nano-dollars.
_PLACES = {What.REQUESTS: 0, What.TOKENS: 1, What.DAY: 2, What.MONTH: 2}
_NANOS = 2
_TOKENS, _DAY, _MONTH = What.TOKENS.value, What.DAY.value, What.MONTH.value
#: So many keys have what limits them at hand.
_KEPT = 4096


class Window(NamedTuple):
    """One limit of a key or its account, in the window of time that counts a call."""

    meter: Meter
    what: What
    place: int  #: Of its amount in a row of amounts.
    most: int
    whose: str


class Bound(NamedTuple):
    """Everything that limits the calls of a key in one minute."""

    windows: tuple[Window, ...]
    busy: tuple[tuple[str, int, str], ...]  #: Owner, its most open calls, and whose it is.
    needs: Needs  #: The books of the account and the key, and what counts against their limits.


def is_limited(key: ApiKey) -> bool:
    """Say whether calls of a key are counted."""
    return key.call_limits.any or key.account_limits.any


def bound_of(key: ApiKey, at: datetime) -> Bound:
    """Return what limits a call of a key that begins at a moment."""
    seconds = int(at.timestamp())
    minute_s = seconds - seconds % MINUTE_S
    # Kept: the same for all calls of a key in a minute. A key changes as a whole, and hashing
    # one takes longer than everything else that is done here.
    known = _bounds.get(key.id)
    if known is not None and known[1] == minute_s and (known[0] is key or known[0] == key):
        return known[2]
    if len(_bounds) >= _KEPT:
        _bounds.clear()
    bound = _bound(key, minute_s)
    _bounds[key.id] = key, minute_s, bound
    return bound


_bounds: dict[str, tuple[ApiKey, int, Bound]] = {}


def _bound(key: ApiKey, minute_s: int) -> Bound:
    owners = (
        (key.id, key.call_limits, "this key"),
        (key.account_id, key.account_limits, "this account"),
    )
    windows = tuple(
        Window((owner, what.value, begin(what, minute_s)), what, _PLACES[what], most, whose)
        for owner, limits, whose in owners
        for what, most in limits.each()
    )
    counted = (_busy(owner, limits, whose) for owner, limits, whose in owners)
    busy = tuple(one for one in counted if one is not None)
    needs = Needs(
        accounts=(key.account_id,),
        spending_keys=(key.id,),
        meters=tuple(w.meter for w in windows),
        open_calls=(key.account_id,) if busy else (),
    )
    return Bound(windows, busy, needs)


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
    amounts = (1, tokens_of(foreseen), call.price_nanos)
    left: dict[int, tuple[int, Window]] = {}
    meters = unit.meters
    for window in bound.windows:
        name, what, place, most, whose = window
        amount = amounts[place]
        rest = most - meters[name] - amount
        if rest < 0:
            raise _refusal(what, most, amount, whose, call.started_at)
        if amount:
            unit.count(name, amount)
        if place != _NANOS and (place not in left or rest < left[place][0]):
            left[place] = rest, window
    if bound.busy:
        unit.count_call(call, 1)
    if not left:
        return ()
    rest_s = _rest_s(call.started_at)
    return tuple([Allowance(w.what, w.most, rest, rest_s) for rest, w in left.values()])


def correct(
    unit: Unit, call: Call, meters: tuple[Meter, ...], charged_nanos: int, tokens: int
) -> None:
    """Replace what was foreseen of an ended call by what it used; `tokens` is the difference."""
    nanos = charged_nanos - call.price_nanos
    changes = {_TOKENS: tokens, _DAY: nanos, _MONTH: nanos}
    for name in meters:
        change = changes.get(name[1])
        if change and (counted := unit.meters.get(name)):
            unit.count(name, max(change, -counted))
    unit.count_call(call, -1)


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
