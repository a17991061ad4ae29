"""Limits on relayed calls: checked and counted in the transaction that opens a call.

It holds the lock of the account, so that the count is exact over all processes.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_REQUESTS, _NANOS = 0, 2
#: So many keys have what limits them at hand.
_KEPT = 4096


class Window(NamedTuple):
    """One limit of a key or its account, in the window of time that counts a call."""

    meter: Meter
    what: What
    place: int  #: Of its amount in a row of amounts.
    most: int
    whose: str


#: Windows of time, each with the place, in a row of amounts, of what it counts of a call.
Places = tuple[tuple[Meter, int], ...]


class Bound(NamedTuple):
    """Everything that limits the calls of a key in one minute."""

    windows: tuple[Window, ...]
    busy: tuple[tuple[str, int, str], ...]  #: Owner, its most open calls, and whose it is.
    needs: Needs  #: The books of the account and the key, and what counts against their limits.
    ending: Needs  #: The same for a call that ends: open ones are counted by those that begin.
    ended: Places  #: The windows whose count may change when a call ends.
    told: tuple[tuple[int, ...], ...]  #: The windows of a minute: those of each kind together.


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
    ending = Needs(
        accounts=(key.account_id,),
        spending_keys=(key.id,),
        # In the order in which they are stored, so that no commit has to find it.
        meters=tuple(sorted(w.meter for w in windows)),
    )
    needs = ending._replace(open_calls=(key.account_id,)) if busy else ending
    ended = tuple((w.meter, w.place) for w in windows if w.place != _REQUESTS)
    return Bound(windows, busy, needs, ending, ended, _told(windows))


def _told(windows: Sequence[Window]) -> tuple[tuple[int, ...], ...]:
    found: dict[int, tuple[int, ...]] = {}
    for number, window in enumerate(windows):
        if window.place != _NANOS:
            found[window.place] = (*found.get(window.place, ()), number)
    return tuple(found.values())


def _busy(owner: str, limits: Limits, whose: str) -> tuple[str, int, str] | None:
    return None if limits.concurrency is None else (owner, limits.concurrency, whose)


def money_of(call: Call) -> Places:
    """Return the windows that may have counted a call's price."""
    owners = (call.key_id, call.account_id)
    return tuple((meter(one, what, call.started_at), _NANOS) for one in owners for what in MONEY)


def take(unit: Unit, bound: Bound, call: Call, foreseen: Usage) -> tuple[Allowance, ...]:
    """Count a call that begins; raises RateLimited or InsufficientFunds and counts nothing.

    Returns what is left of the limits of a minute, the tightest of each kind.
    """
    busy = bound.busy
    for owner, most, whose in busy:
        if unit.open_calls.get(owner, 0) >= most:
            message = f"{whose} may have {most} open calls at once"
            raise RateLimited(message, facts={"retry_after_s": 1.0})
    amounts = (1, tokens_of(foreseen), call.price_nanos)
    meters, before, after, left = unit.meters, [], [], []
    for name, what, place, most, whose in bound.windows:
        counted = meters[name]
        count = counted + amounts[place]
        if count > most:
            raise _refusal(what, most, amounts[place], whose, call.started_at)
        before.append((name, counted))
        after.append((name, count))
        left.append(most - count)
    unit.recount(before, after)
    unit.count_call(call, 1)
    return _allowances(bound, left, call.started_at) if bound.told else ()


def correct(unit: Unit, call: Call, places: Places, charged_nanos: int, tokens: int) -> None:
    """Replace what was foreseen of an ended call by what it used; `tokens` is the difference.

    A window that was forgotten meanwhile counts nothing.
    """
    changes = (0, tokens, charged_nanos - call.price_nanos)
    meters, before, after = unit.meters, [], []
    for name, place in places:
        if counted := meters[name]:
            count = counted + changes[place]
            before.append((name, counted))
            after.append((name, count if count > 0 else 0))
    unit.recount(before, after)
    unit.count_call(call, -1)


def tokens_of(usage: Usage) -> int:
    """Return how many tokens count against a limit."""
    return usage.input_tokens + usage.output_tokens


def _allowances(bound: Bound, left: Sequence[int], now: datetime) -> tuple[Allowance, ...]:
    windows, rest_s, found = bound.windows, _rest_s(now), []
    for numbers in bound.told:
        number = numbers[0] if len(numbers) == 1 else min(numbers, key=left.__getitem__)
        window = windows[number]
        found.append(Allowance(window.what, window.most, left[number], rest_s))
    return tuple(found)


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
    return (MINUTE_S * 1000 - now.second * 1000 - now.microsecond // 1000) / 1000
