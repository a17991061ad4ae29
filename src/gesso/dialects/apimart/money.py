"""Handlers of balances and usage (section 13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import shapes, wire
from gesso.dialects.apimart.hall import Hall, answer_json, read_moment
from gesso.dialects.apimart.submits import Services
from gesso.domain.errors import InvalidOrder
from gesso.kit import clock
from gesso.services.spending import Balance, Scope, Spent

_LONGEST = timedelta(days=31)
_MODELS = 50
_ZONE = "Asia/Shanghai"
_GROUPS = {"none": (), "model": ("model",), "date": ("date",), "model,date": ("model", "date"),
           "date,model": ("date", "model")}  # fmt: skip


class Money:
    """Answers questions about money."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Hold what all handlers share and the services."""
        self._hall = hall
        self._spending = services.spending

    async def balance(self, request: Request) -> Response:
        """GET /v1/balance: what this key may still spend."""
        key = await self._hall.admit(request)
        return answer_json(_balance(await self._spending.balance_of_key(key)))

    async def user_balance(self, request: Request) -> Response:
        """GET /v1/user/balance: what the account can spend."""
        key = await self._hall.admit(request)
        return answer_json(_balance(await self._spending.balance_of_account(key)))

    async def usage(self, request: Request) -> Response:
        """GET /v1/usage: what was charged, booked at the end of each task."""
        key = await self._hall.admit(request)
        wanted = request.query_params
        zone = _zone(wanted.get("tz"))
        whose = wanted.get("scope", "key")
        if whose not in {"key", "account"}:
            raise InvalidOrder("invalid_scope: scope must be key or account", param="scope")
        since, until = _span(wanted.get("start"), wanted.get("end"))
        groups = _GROUPS.get(wanted.get("group_by", "none"))
        if groups is None:
            known = ", ".join(_GROUPS)
            raise InvalidOrder(f"invalid_group_by: one of {known}", param="group_by")
        models = _models(wanted.get("model"))
        scope = Scope(key.id if whose == "key" else None, since, until)
        found, remembered = await self._spending.usage(key, scope)
        chosen = [one for one in found if not models or _is_of(one, models)]
        fields = {
            "start": wire.seconds(since),
            "end": wire.seconds(until),
            "tz": str(zone),
            "scope": whose,
            "total": _sum(chosen),
            "items": _items(chosen, groups, zone) if groups else [],
        }
        response = answer_json(wire.write_data(fields))
        response.headers["x-usage-cache"] = "HIT" if remembered else "MISS"
        return response


def _balance(found: Balance) -> bytes:
    left, used = found.left_nanos, found.used_nanos
    return wire.write(
        shapes.BalanceAnswer(
            success=True,
            remain_balance=-1 if left is None else left / wire.NANOS,
            used_balance=used / wire.NANOS,
            remain_credits=-1 if left is None else left * 10 / wire.NANOS,
            used_credits=used * 10 / wire.NANOS,
            unlimited_quota=left is None,
        )
    )


def _span(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """Return the time asked for; without one, the last 31 days up to this minute."""
    until = _moment(end, "end") if end else clock.now().replace(second=0, microsecond=0)
    until = until if end else until + timedelta(minutes=1)
    since = _moment(start, "start") if start else until - _LONGEST
    if since >= until:
        raise InvalidOrder("invalid_end: end must be after start", param="end")
    if until - since > _LONGEST:
        raise InvalidOrder("range_too_large: at most 31 days", param="start")
    return since, until


def _moment(text: str, name: str) -> datetime:
    try:
        # A plus sign in a query that was not encoded arrives as a blank.
        return read_moment(text.replace(" ", "+"), name).astimezone(UTC)
    except (InvalidOrder, OverflowError):
        raise InvalidOrder(f"invalid_{name}: Unix seconds or RFC 3339", param=name) from None


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or _ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidOrder("invalid_tz: a name such as Asia/Shanghai or UTC", param="tz") from None


def _models(text: str | None) -> set[str]:
    found = {name.strip().lower() for name in (text or "").split(",") if name.strip()}
    if len(found) > _MODELS:
        raise InvalidOrder(f"too_many_models: at most {_MODELS}", param="model")
    return found


def _is_of(one: Spent, models: set[str]) -> bool:
    """Say whether a price key is asked for, whole or by what stands before its `@`."""
    return bool({one.price_key, one.price_key.partition("@")[0]} & models)


def _items(found: Sequence[Spent], groups: Sequence[str], zone: ZoneInfo) -> list[dict[str, Any]]:
    sorted_out: dict[tuple[str, ...], list[Spent]] = {}
    for one in found:
        names = {"model": one.price_key, "date": one.since.astimezone(zone).date().isoformat()}
        sorted_out.setdefault(tuple(names[group] for group in groups), []).append(one)
    return [
        dict(zip(groups, names, strict=True)) | _sum(part)
        for names, part in sorted(sorted_out.items())
    ]


def _sum(found: Sequence[Spent]) -> dict[str, Any]:
    nanos = sum(one.amount_nanos for one in found)
    return {
        "amount_usd": nanos / wire.NANOS,
        "credits": nanos * 10 / wire.NANOS,
        "requests": sum(one.tasks for one in found),
        "prompt_tokens": 0,
        "completion_tokens": 0,
    }
