"""Discord账号 (section 3.8): how a channel looks to clients of this wire."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from gesso.dialects.midjourney import shapes
from gesso.domain.channel import Channel, Load
from gesso.domain.task import Lane
from gesso.domain.version import DEFAULT, NIJI_NUMBERS, NUMBERS
from gesso.services.channel_switches import SWITCHES, is_on

STATUSES = ("ENABLE", "DISABLED", "LISTEN_ONLY")
#: What `change-version` takes: a model that prompts get which name none.
VERSIONS = (*NUMBERS, *(f"niji{n}" for n in NIJI_NUMBERS))
#: Facts of a chat account that are kept as options under our own names.
_KEPT = (
    "guild_id", "channel_id", "mj_bot_channel_id", "niji_bot_channel_id", "user_agent",
)  # fmt: skip


class Choice(msgspec.Struct):
    """One entry of a selector."""

    value: str
    label: str
    emoji: str = ""


class Selector(msgspec.Struct):
    """A list to choose from."""

    placeholder: str
    options: list[Choice]


class Account(msgspec.Struct, rename="camel"):
    """Discord账号; `userToken` is never told."""

    id: str
    name: str
    guild_id: str
    channel_id: str
    mj_bot_channel_id: str
    niji_bot_channel_id: str
    user_token: str | None
    user_agent: str
    enable: bool
    status: str
    core_size: int
    queue_size: int
    timeout_minutes: int
    weight: int
    remark: str
    remix_auto_submit: bool
    mode: str
    niji_mode: str
    subscribe_plan: str | None
    billed_way: str | None
    renew_date: int | None
    version: str
    version_selector: Selector
    buttons: list[shapes.Button]
    niji_buttons: list[shapes.Button]
    running_count: int
    queue_count: int
    provider: str
    base_url: str
    properties: dict[str, Any]
    displays: dict[str, str]


class Given(Protocol):
    """The part of a body that becomes options."""

    user_token: str | None
    remix_auto_submit: bool | None


def write(channel: Channel, load: Load) -> Account:
    """Return a channel as an account."""
    options = channel.options
    buttons = _buttons(channel)
    mode = _mode(channel)
    return Account(
        id=channel.id,
        name=channel.name,
        guild_id=str(options.get("guild_id", "")),
        channel_id=str(options.get("channel_id") or channel.id),
        mj_bot_channel_id=str(options.get("mj_bot_channel_id", "")),
        niji_bot_channel_id=str(options.get("niji_bot_channel_id", "")),
        user_token=None,
        user_agent=str(options.get("user_agent", "")),
        enable=channel.enabled,
        status=_status(channel),
        core_size=channel.core_size,
        queue_size=channel.queue_size,
        timeout_minutes=-(-channel.timeout_s // 60),
        weight=channel.weight,
        remark=channel.remark,
        remix_auto_submit=channel.remix_auto,
        mode=mode,
        niji_mode=mode,
        subscribe_plan=None,
        billed_way=None,
        renew_date=None,
        version=str(options.get("version") or DEFAULT),
        version_selector=Selector(
            f"Version {options.get('version') or DEFAULT}", [Choice(v, v) for v in VERSIONS]
        ),
        buttons=buttons,
        niji_buttons=buttons,
        running_count=load.running,
        queue_count=load.waiting,
        provider=channel.provider,
        base_url=channel.base_url,
        properties={"weight": channel.weight, "disabledReason": channel.broken_reason},
        displays={
            "subscribePlan": "", "billedWay": "", "mode": mode, "nijiMode": mode, "renewDate": "",
        },
    )  # fmt: skip


def options(body: Given) -> dict[str, Any]:
    """Return the options that a body sets."""
    found = {name: value for name in _KEPT if (value := getattr(body, name)) is not None}
    if body.user_token:
        found["secret"] = body.user_token
    if body.remix_auto_submit is not None:
        found["remix_auto"] = body.remix_auto_submit
    return found


def _status(channel: Channel) -> str:
    if channel.enabled:
        return "ENABLE"
    return "DISABLED" if channel.paused else "LISTEN_ONLY"


def _mode(channel: Channel) -> str:
    """Return the speed that stands for a channel: FAST where it serves that."""
    lanes = (Lane.FAST, Lane.TURBO, Lane.RELAX)
    return next((lane.value for lane in lanes if lane in channel.lanes), "fast").upper()


def _buttons(channel: Channel) -> list[shapes.Button]:
    return [
        shapes.Button(custom_id, emoji, label, 3 if is_on(channel, custom_id) else 2, 2)
        for custom_id, (_, label, emoji) in SWITCHES.items()
    ]
