"""What was asked, in provider-neutral words; every dialect translates into this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gesso.domain.ids import new_task_id
from gesso.domain.task import Action, BotType, Lane, Task

#: Where a task's order keeps what the price list counts: action, version and how many.
PRICE = "price"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which channels a caller allows (wire/midjourney-proxy section 3.7); empty allows all."""

    channel_id: str = ""  #: Only this one; its own id or the one that its options name.
    remark: str = ""  #: Only channels whose remark holds this.
    remix: bool | None = None  #: Only channels whose remix switch stands like this.
    auto_is_off: bool = False  #: Count a channel that answers dialogs itself as remix off.


@dataclass(frozen=True, slots=True)
class Dialog:
    """A question that must be answered before the work begins (section 7.3)."""

    custom_id: str  #: Name of the dialog, as clients of the wire may show it.
    may_edit: bool = True  #: Whether the answer may change the prompt.
    needs_mask: bool = False  #: Whether an answer without a mask is refused.


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that a caller wants done.

    `prompt` is what the caller wrote, `final_prompt` what a provider gets; `details` are the
    parameters of the action as the provider needs them (JSON values only). Wherever a
    picture is named, it is the key of a stored blob or an http(s) link that the worker
    fetches.
    """

    action: Action
    price_action: str  #: Billing name of the action, as in the price list.
    dialect: str
    description: str
    prompt: str = ""
    final_prompt: str = ""
    version: str = ""  #: Model version for buttons and price, such as `v7` or `niji6`.
    price_version: str = ""  #: Where the price list counts something else, such as `720p`.
    times: int = 1  #: How many of it are charged, such as the clips of a video.
    lane: Lane = Lane.FAST
    bot: BotType = BotType.MID_JOURNEY
    pictures: tuple[str, ...] = ()  #: Input pictures, in the order of the request.
    links: tuple[str, ...] = ()  #: Pictures that the words of the prompt link to.
    mask: str | None = None  #: Where to repaint.
    parent: Task | None = None
    parent_index: int | None = None
    custom_id: str | None = None
    state: str | None = None
    notify_hook: str | None = None
    selection: Selection = field(default_factory=Selection)
    dialog: Dialog | None = None  #: Set when an answer is needed first; nothing is held yet.
    cards: str = ""  #: Test cards that the prompt names; a follow-up plays none again.
    details: Mapping[str, Any] = field(default_factory=dict)
    task_id: int = field(default_factory=new_task_id)  #: The task that this will become.

    def stored(self) -> dict[str, Any]:
        """Return what a task keeps of its order, as JSON values."""
        kept: dict[str, Any] = {
            **self.details,
            "pictures": list(self.pictures),
            "version": self.version,
            PRICE: [self.price_action, self.price_version, self.times],
        }
        if self.selection.channel_id:
            kept["only"] = self.selection.channel_id
        if self.links:
            kept["links"] = list(self.links)
        if self.mask:
            kept["mask"] = self.mask
        if self.dialog:
            kept["dialog"] = {
                "custom_id": self.dialog.custom_id,
                "may_edit": self.dialog.may_edit,
                "needs_mask": self.dialog.needs_mask,
            }
        return kept

    def blobs(self) -> set[str]:
        """Return the stored pictures that this order needs."""
        named = {*self.pictures, *self.links, self.mask or ""}
        return {name for name in named if name and not is_link(name)}


def is_link(picture: str) -> bool:
    """Say whether a named picture is a link rather than a stored blob."""
    return picture.startswith(("http://", "https://"))


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
