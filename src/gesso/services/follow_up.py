"""Turn a pressed button of a finished task into the order of a child task.

What the button asks comes from its customId, what it works on from the parent. A press that
opens a dialog gives an order that waits for the answer (`services.answer`).
Spec: wire/midjourney-proxy sections 7.1–7.3.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from gesso.domain import buttons, prompt, terms
from gesso.domain.buttons import Button, Deed, Press
from gesso.domain.channel import Channel
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.offer import offers
from gesso.domain.order import PRICE, Dialog, Order
from gesso.domain.task import Action, Task, TaskStatus
from gesso.services.compose import Common, Footage, version_of

_PICKS = frozenset({Deed.DESCRIBE_PICK, Deed.SHORTEN_PICK})
_ANIMATE = frozenset({Deed.ANIMATE_HIGH, Deed.ANIMATE_LOW, Deed.EXTEND_HIGH, Deed.EXTEND_LOW})
_EXTEND = frozenset({Deed.EXTEND_HIGH, Deed.EXTEND_LOW})
#: These look at the input pictures of the parent again.
_SAME_INPUT = frozenset({Deed.REROLL, Deed.VARIATION, Deed.DESCRIBE_RETRY})
#: Parameters of a parent's order that a reroll of it repeats.
_OWN = frozenset(
    {
        "seed",
        "again",
        "base_id",
        "dialog",
        "pictures",
        "links",
        "mask",
        "version",
        PRICE,
        terms.NAME,
    }
)


def follow_up(
    parent: Task,
    press: Press,
    *,
    common: Common,
    custom_id: str,
    channel: Channel | None = None,
    enable_remix: bool = False,
    ask: bool = True,
    must_show: bool = True,
) -> Order:
    """Return the child's order; it inherits prompt, bot, lane and version.

    `channel` is the parent's: its remix switch decides about dialogs; `ask=False` leaves
    them out. With `must_show=False` the caller has checked that the press makes sense on
    this result, and no button needs to show it. Raises IllegalMove when the parent is not
    SUCCEEDED and InvalidOrder when its result has no such button.
    """
    if parent.status is not TaskStatus.SUCCEEDED:
        raise IllegalMove("关联任务状态错误")
    if press.job_id is not None and press.job_id != parent.job_hash:
        raise InvalidOrder("this button belongs to another task", param="customId")
    button = offers(parent, press)
    if button is None and must_show:
        raise InvalidOrder(f"the task has no such button: {custom_id}", param="customId")
    footage = _footage(parent, press)
    written, final = _words(parent, press)
    index = _index(press)
    return Order(
        action=buttons.action_of(press, parent.action),
        price_action="video" if footage else buttons.price_action(press),
        price_version=footage.price_version if footage else "",
        times=footage.clips if footage else 1,
        description=_describe(parent, press, button),
        prompt=written,
        final_prompt=final,
        version=_version(parent, press, final),
        lane=common.lane or parent.lane,
        bot=parent.bot,
        pictures=_inherit(parent, press, "pictures"),
        links=_inherit(parent, press, "links"),
        mask=parent.order.get("mask") if press.deed is Deed.REROLL else None,
        parent=parent,
        parent_index=index,
        custom_id=custom_id,
        dialog=_dialog(parent, press, channel, enable_remix) if ask else None,
        details=_details(parent, press, index, footage),
        **common.fields(),
    )


def all_lines(parent: Task, *, common: Common, custom_id: str) -> list[Order]:
    """Return the orders of "Imagine all": one for each line, their states marked `::1` on."""
    orders = []
    for index in range(1, len(parent.result.get("lines") or ()) + 1):
        order = follow_up(
            parent,
            Press(Deed.DESCRIBE_PICK, index),
            common=_numbered(common, index),
            custom_id=custom_id,
            ask=False,
        )
        orders.append(order)
    return orders


def _numbered(common: Common, index: int) -> Common:
    return replace(common, state=f"{common.state or ''}::{index}")


def _dialog(
    parent: Task, press: Press, channel: Channel | None, enable_remix: bool
) -> Dialog | None:
    need = buttons.needs_dialog(press.deed)
    remix = channel is not None and channel.remix
    if enable_remix and not remix:
        raise InvalidOrder("remix is off on this task's channel", param="enableRemix")
    answered = channel is not None and channel.remix_auto and not enable_remix
    if need == "never" or (need == "remix" and (not remix or answered)):
        return None
    return Dialog(
        buttons.dialog_id(press, parent.job_hash),
        may_edit=press.deed is not Deed.INPAINT or remix,
        needs_mask=press.deed is Deed.INPAINT,
    )


def _words(parent: Task, press: Press) -> tuple[str, str]:
    """Return what the child's prompt shows, and what its provider gets."""
    if press.deed in _PICKS:
        lines = parent.result.get("lines") or []
        if (press.index or 1) > len(lines):
            raise InvalidOrder("the result has no such line", param="customId")
        line = str(lines[(press.index or 1) - 1])
        return line, prompt.parse(line).strip_speed().write()
    if press.deed is Deed.DESCRIBE_RETRY:
        return "", ""
    final = parent.final_prompt
    if press.deed is Deed.CUSTOM_ZOOM:
        final = prompt.parse(final, need_words=False).with_flags(zoom=2).write()
    return parent.prompt, final


def _details(
    parent: Task, press: Press, index: int | None, footage: Footage | None
) -> dict[str, Any]:
    details: dict[str, Any] = {
        "deed": press.deed.value,
        "index": index,
        "seed": secrets.randbelow(2**32),
    }
    if press.deed is Deed.REROLL:
        details["again"] = parent.order.get("again") or {
            name: value for name, value in parent.order.items() if name not in _OWN
        }
        details["base_id"] = parent.order.get("base_id") or parent.parent_id
    if press.deed is Deed.SHORTEN_DETAILS:
        details["details"] = True
    if press.deed is Deed.CUSTOM_ZOOM:
        details["zoom"] = 2.0
    if footage is not None:
        details |= {**footage.details(), "extend": press.deed in _EXTEND, "end_frame": False}
    return details


def _footage(parent: Task, press: Press) -> Footage | None:
    """Return how the clips of a press are: as the parent's, or the published defaults."""
    again = press.deed is Deed.REROLL and parent.action is Action.VIDEO
    if press.deed not in _ANIMATE and not again:
        return None
    before = parent.order.get("again") or parent.order
    motion = "high" if press.deed in {Deed.ANIMATE_HIGH, Deed.EXTEND_HIGH} else "low"
    return Footage(
        motion=str(before.get("motion", "low")) if again else motion,
        loop=bool(before.get("loop")) if again else False,
        size=int(before.get("size", 480)),
        clips=int(before.get("clips", 4)) if again else 4,
    )


def _index(press: Press) -> int | None:
    if press.deed in {Deed.REROLL, Deed.DESCRIBE_RETRY, Deed.SHORTEN_DETAILS}:
        return None
    return press.index or 1


def _inherit(parent: Task, press: Press, name: str) -> tuple[str, ...]:
    return tuple(parent.order.get(name, ())) if press.deed in _SAME_INPUT else ()


def _version(parent: Task, press: Press, final: str) -> str:
    if press.deed in _PICKS:
        return version_of(prompt.parse(final))
    return str(parent.order.get("version", ""))


def _describe(parent: Task, press: Press, button: Button | None) -> str:
    short = {Deed.REROLL: "R", Deed.UPSAMPLE: f"U{press.index}", Deed.VARIATION: f"V{press.index}"}
    words = short.get(press.deed) or (button.label if button else "") or press.deed.value
    return f"/up {parent.id} {words}"
