"""Channels in the account shape of this wire (sections 3.8 and 4.4), for operators.

An account of the published API is a channel of ours. What only a chat account has (guild,
bot channels, user agent) is kept and shown; the token is kept as the channel's secret and
never shown. With `baseUrl` the new channel is another server of this wire, with `provider`
any backend that gesso has, and with neither the painter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import account_shape, bodies, shapes, wire
from gesso.dialects.midjourney.hall import Hall, answer_json, is_english
from gesso.dialects.midjourney.words import say
from gesso.domain import permission
from gesso.domain.actor import Actor, ActorKind
from gesso.domain.caller import ApiKey
from gesso.domain.channel import Channel, Load
from gesso.domain.errors import InvalidOrder
from gesso.domain.permission import Permission
from gesso.domain.search import Search
from gesso.services.channel_switches import SWITCHES, turned
from gesso.services.manage_channels import ChannelDesk
from gesso.services.page import Slice

#: Most channels that are looked through for a page; nobody configures more.
_MOST = 1000


class AccountBody(msgspec.Struct, rename="camel"):
    """账号创建参数 and 账号修改参数; what is missing stays as it is."""

    name: str | None = None
    guild_id: str | None = None
    channel_id: str | None = None
    user_token: str | None = None
    user_agent: str | None = None
    mj_bot_channel_id: str | None = None
    niji_bot_channel_id: str | None = None
    core_size: int | None = None
    queue_size: int | None = None
    timeout_minutes: int | None = None
    enable: bool | None = None
    status: str | None = None
    remark: str | None = None
    remix_auto_submit: bool | None = None
    weight: int | None = None
    provider: str | None = None
    base_url: str | None = None


class AccountQuery(msgspec.Struct, rename="camel"):
    """账号查询参数: text fields match anywhere in the text."""

    page_number: int = 0
    page_size: int = 10
    sort: str | None = None
    channel_id: str | None = None
    enable: bool | None = None
    mode: str | None = None
    name: str | None = None
    status: str | None = None
    subscribe_plan: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, as the audit log names them, and in which language."""

    key: ApiKey
    actor: Actor
    english: bool


class Accounts:
    """Handlers of `/account/…`."""

    def __init__(self, hall: Hall, desk: ChannelDesk) -> None:
        """Hold who lets callers in and who changes channels."""
        self._hall = hall
        self._desk = desk

    async def list_all(self, request: Request) -> Response:
        """GET /account/list."""
        await self._admit(request, Permission.READ)
        found = await self._all()
        return answer_json(wire.encode([account_shape.write(c, load) for c, load in found]))

    async def query(self, request: Request) -> Response:
        """POST /account/query: Page«Map»."""
        await self._admit(request, Permission.READ)
        _, _, body = await self._hall.read(request, AccountQuery)
        search = bodies.paging(body.page_number, body.page_size, self._hall.bounds.rows)
        found = [one for one in await self._all() if _matches(one[0], body)]
        start = search.number * search.size
        rows = [account_shape.write(*one) for one in found[start : start + search.size]]
        return answer_json(_page(rows, len(found), search))

    async def fetch(self, request: Request) -> Response:
        """GET /account/{id}/fetch."""
        await self._admit(request, Permission.READ)
        channel, load = await self._desk.get(_id(request))
        return answer_json(wire.encode(account_shape.write(channel, load)))

    async def create(self, request: Request) -> Response:
        """POST /account/create: Message«string» with the new account's id."""
        asked = await self._admit(request, Permission.CHANNELS)
        _, _, body = await self._hall.read(request, AccountBody)
        for name in ("guild_id", "channel_id", "user_token"):
            if not getattr(body, name) and not (body.base_url or body.provider):
                raise InvalidOrder(f"{name} must not be empty", param=name)
        provider = body.provider or ("mjproxy" if body.base_url else "sandbox")
        fresh = Channel(
            id="", name=body.name or body.channel_id or provider, provider=provider,
            base_url=body.base_url or "",
        )  # fmt: skip
        values = {"core_size": 3, "queue_size": 10} | _values(fresh, body)
        wanted = replace(fresh, **values)
        await self._try(wanted)
        made, _ = await self._desk.create(asked.actor, wanted)
        return self._done(asked, made.id)

    async def update(self, request: Request) -> Response:
        """PUT /account/{id}/update and /update-reconnect: Message«Void»."""
        asked = await self._admit(request, Permission.CHANNELS)
        _, _, body = await self._hall.read(request, AccountBody)
        channel, _ = await self._desk.get(_id(request))
        values = _values(channel, body)
        if body.base_url or body.user_token or request.url.path.endswith("reconnect"):
            await self._try(replace(channel, **values))
        await self._desk.change(asked.actor, channel.id, values)
        return self._done(asked)

    async def _try(self, channel: Channel) -> None:
        """Ask the backend before anything is stored; an account that is off is not asked."""
        if not channel.enabled:
            return
        reason = await self._desk.probe(channel)
        if reason:
            raise InvalidOrder(f"the backend refuses this account: {reason}", param="userToken")

    async def sync(self, request: Request) -> Response:
        """POST /account/{id}/sync-info: Message«账号»; what gesso knows is always in sync."""
        asked = await self._admit(request, Permission.READ)
        channel, load = await self._desk.get(_id(request))
        return self._done(asked, account_shape.write(channel, load))

    async def change_version(self, request: Request) -> Response:
        """POST /account/{id}/change-version?version=: what prompts get that name none."""
        asked = await self._admit(request, Permission.CHANNELS)
        version = request.query_params.get("version", "").strip()
        if version not in account_shape.VERSIONS:
            known = ", ".join(account_shape.VERSIONS)
            raise InvalidOrder(f"version must be one of {known}", param="version")
        await self._set(asked, _id(request), {"version": version})
        return self._done(asked, version)

    async def action(self, request: Request) -> Response:
        """POST /account/{id}/action?customId=: press a settings button (section 7.1)."""
        asked = await self._admit(request, Permission.CHANNELS)
        custom_id = request.query_params.get("customId", "").strip()
        if custom_id not in SWITCHES:
            raise InvalidOrder(f"unknown settings button: {custom_id[:80]}", param="customId")
        channel, _ = await self._desk.get(_id(request))
        await self._set(asked, channel.id, turned(channel, custom_id))
        channel, load = await self._desk.get(channel.id)
        shown = account_shape.write(channel, load)
        return self._done(asked, {"buttons": shown.buttons, "nijiButtons": shown.niji_buttons})

    async def delete(self, request: Request) -> Response:
        """DELETE /account/{id}/delete: refused while it has open tasks."""
        asked = await self._admit(request, Permission.CHANNELS)
        channel_id = _id(request)
        await self._desk.change(asked.actor, channel_id, {"enabled": False})
        await self._desk.remove(asked.actor, channel_id)
        return self._done(asked)

    async def _all(self) -> list[tuple[Channel, Load]]:
        found, _ = await self._desk.page(Slice(limit=_MOST))
        return found

    async def _set(self, asked: _Asked, channel_id: str, options: dict[str, Any]) -> None:
        channel, _ = await self._desk.get(channel_id)
        merged = {"options": {**channel.options, **options}}
        await self._desk.change(asked.actor, channel_id, merged)

    async def _admit(self, request: Request, needed: Permission) -> _Asked:
        key = await self._hall.admit(request)
        permission.check(key, needed)
        address = request.client.host if request.client else ""
        return _Asked(key, Actor(ActorKind.KEY, key.id, "", address), is_english(request))

    def _done(self, asked: _Asked, result: Any = None) -> Response:
        return answer_json(wire.write_message(1, say("done", asked.english), result))


def _id(request: Request) -> str:
    return str(request.path_params["account_id"])


def _values(channel: Channel, body: AccountBody) -> dict[str, Any]:
    """Return what a body changes of a channel; raises InvalidOrder naming the field."""
    values: dict[str, Any] = {}
    for name, most in (("core_size", 1000), ("queue_size", 100_000), ("weight", 1000)):
        number = getattr(body, name)
        if number is not None:
            if not 1 <= number <= most:
                raise InvalidOrder(f"{name} must be 1–{most}", param=name)
            values[name] = number
    if body.timeout_minutes is not None:
        if not 1 <= body.timeout_minutes <= 1440:
            raise InvalidOrder("timeoutMinutes must be 1–1440", param="timeoutMinutes")
        values["timeout_s"] = body.timeout_minutes * 60
    values |= {
        name: text
        for name in ("name", "remark", "base_url")
        if (text := getattr(body, name)) is not None
    }
    values |= _switched(body)
    options = account_shape.options(body)
    if options:
        values["options"] = {**channel.options, **options}
    return values


def _switched(body: AccountBody) -> dict[str, bool]:
    """Return what a status means: LISTEN_ONLY takes nothing new and finishes what it has."""
    if body.status is None:
        return {} if body.enable is None else {"enabled": body.enable, "paused": not body.enable}
    status = body.status.strip().upper()
    if status not in account_shape.STATUSES:
        known = ", ".join(account_shape.STATUSES)
        raise InvalidOrder(f"status must be one of {known}", param="status")
    return {"enabled": status == "ENABLE", "paused": status == "DISABLED"}


def _matches(channel: Channel, body: AccountQuery) -> bool:
    shown = account_shape.write(channel, Load())
    return (
        (body.enable is None or body.enable == channel.enabled)
        and (body.status or shown.status).upper() == shown.status
        and (body.mode or shown.mode).upper() == shown.mode
        and (body.channel_id or "") in shown.channel_id
        and (body.name or "").lower() in channel.name.lower()
        and (body.remark or "").lower() in channel.remark.lower()
        and (body.subscribe_plan or "") in (shown.subscribe_plan or "")
    )


def _page(rows: list[Any], total: int, search: Search) -> bytes:
    return wire.encode(shapes.Page(**wire.page_fields(rows, total, search)))
