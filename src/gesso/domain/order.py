"""What was asked, in provider-neutral words; every dialect translates into this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gesso.domain.task import Action, BotType, Lane, Task


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that a caller wants done.

    `prompt` is what the caller wrote, `final_prompt` what a provider gets; `details` are the
    parameters of the action as the provider needs them (JSON values only).
    """

    action: Action
    price_action: str  #: Billing name of the action, as in the price list.
    dialect: str
    description: str
    prompt: str = ""
    final_prompt: str = ""
    version: str = ""  #: Model version for the price key, such as `v7` or `niji6`.
    lane: Lane = Lane.FAST
    bot: BotType = BotType.MID_JOURNEY
    pictures: tuple[str, ...] = ()  #: Blobs of the input pictures.
    parent: Task | None = None
    parent_index: int | None = None
    custom_id: str | None = None
    state: str | None = None
    notify_hook: str | None = None
    channel_id: str | None = None  #: Only this channel, when the caller named one.
    remark: str = ""  #: Only channels whose remark holds this.
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """An Idempotency-Key with the SHA-256 of the request that it came with."""

    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a submit that was taken."""

    task: Task
    place: int  #: 0 when it runs at once, else its place in the queue.
    replayed: bool = False  #: The Idempotency-Key was known; nothing new was started.
