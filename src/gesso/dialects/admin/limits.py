"""Limits on relayed calls and on money, as keys and accounts show them."""

from __future__ import annotations

from gesso.dialects.admin.wire import Amount, Body, Count, Money, View, write_money_or_none
from gesso.domain.errors import InvalidValue
from gesso.domain.limits import NO_LIMITS, Limits


class LimitsBody(Body):
    """Limits to set, all of them at once; what is left out does not limit."""

    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    concurrency: Count | None = None
    spend_per_day: Amount | None = None
    spend_per_month: Amount | None = None


class LimitsView(View):
    """Limits on relayed calls; those on money bind picture tasks too. Days and months are UTC."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int | None
    spend_per_day: Money | None
    spend_per_month: Money | None


def read_limits(body: LimitsBody | None) -> Limits:
    """Return the limits of a request; raises InvalidValue."""
    if body is None:
        return NO_LIMITS
    return Limits(
        requests_per_minute=body.requests_per_minute,
        tokens_per_minute=body.tokens_per_minute,
        concurrency=body.concurrency,
        day_nanos=_nanos(body.spend_per_day, "limits.spend_per_day"),
        month_nanos=_nanos(body.spend_per_month, "limits.spend_per_month"),
    )


def write_limits(limits: Limits) -> LimitsView:
    """Return limits as they are answered."""
    return LimitsView(
        requests_per_minute=limits.requests_per_minute,
        tokens_per_minute=limits.tokens_per_minute,
        concurrency=limits.concurrency,
        spend_per_day=write_money_or_none(limits.day_nanos),
        spend_per_month=write_money_or_none(limits.month_nanos),
    )


def _nanos(amount: Amount | None, param: str) -> int | None:
    if amount is None:
        return None
    nanos = amount.read(param)
    if nanos < 0:
        raise InvalidValue("a limit must not be negative", param=param)
    return nanos
