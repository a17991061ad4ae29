"""Limits on relayed calls: checked and counted in the transaction that opens a call.

It holds the lock of the account, so that the count is exact over all processes.
"""

from __future__ import annotations

from datetime import UTC, datetime

from gesso.domain.call import Call, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InsufficientFunds, RateLimited
from gesso.domain.limits import MONEY, Allowance, Limits, Meter, What, meter
from gesso.services import spend_limits
from gesso.storage.unit import Unit

_MINUTE_S = 60


def is_limited(key: ApiKey) -> bool:
    """Say whether calls of a key are counted."""
    return key.call_limits.any or key.account_limits.any


def meters_of(key: ApiKey, call: Call) -> tuple[Meter, ...]:
    """Return the windows that count a call."""
    return tuple(
        meter(owner, what, call.started_at)
        for owner, limits in _owners(key)
        for what, _ in limits.each()
    )


def busy_of(key: ApiKey) -> tuple[str, ...]:
    """Return whose open calls must be counted."""
    return tuple(owner for owner, limits in _owners(key) if limits.concurrency is not None)


def money_of(call: Call) -> tuple[Meter, ...]:
    """Return the windows that may have counted a call's price."""
    owners = (call.key_id, call.account_id)
    return tuple(meter(owner, what, call.started_at) for owner in owners for what in MONEY)


def take(unit: Unit, key: ApiKey, call: Call, foreseen: Usage) -> tuple[Allowance, ...]:
    """Count a call that begins; raises RateLimited or InsufficientFunds.

    Returns what is left of the limits of a minute, the tightest of each kind.
    """
    amounts = {What.REQUESTS: 1, What.TOKENS: tokens_of(foreseen)}
    left: dict[What, Allowance] = {}
    for owner, limits in _owners(key):
        whose = "this key" if owner == key.id else "this account"
        _check_open(unit, owner, limits, whose)
        for what, most in limits.each():
            one = meter(owner, what, call.started_at)
            amount = amounts.get(what, call.price_nanos)
            if unit.meters[one] + amount > most:
                raise _refusal(what, most, amount, whose, call.started_at)
            unit.count(one, amount)
            if what not in MONEY:
                found = Allowance(what, most, most - unit.meters[one], _rest_s(call.started_at))
                left[what] = min(left.get(what, found), found, key=lambda a: a.left)
    unit.count_call(call, 1)
    return tuple(left.values())


def correct(unit: Unit, call: Call, charged_nanos: int, tokens: int) -> None:
    """Replace what was foreseen of an ended call by what it used; `tokens` is the difference."""
    for owner in (call.key_id, call.account_id):
        for what in What:
            one = meter(owner, what, call.started_at)
            change = tokens if what is What.TOKENS else charged_nanos - call.price_nanos
            if what is not What.REQUESTS and change and unit.meters.get(one):
                unit.count(one, max(change, -unit.meters[one]))
    unit.count_call(call, -1)


def tokens_of(usage: Usage) -> int:
    """Return how many tokens count against a limit."""
    return usage.input_tokens + usage.output_tokens


def _owners(key: ApiKey) -> tuple[tuple[str, Limits], ...]:
    return (key.id, key.call_limits), (key.account_id, key.account_limits)


def _check_open(unit: Unit, owner: str, limits: Limits, whose: str) -> None:
    if limits.concurrency is not None and unit.open_calls[owner] >= limits.concurrency:
        raise RateLimited(
            f"{whose} may have {limits.concurrency} open calls at once",
            facts={"retry_after_s": 1.0},
        )


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
    spent = (now.astimezone(UTC).timestamp()) % _MINUTE_S
    return round(_MINUTE_S - spent, 3)
