"""Turn a pressed button of a finished task into the order of a child task."""

from __future__ import annotations

from gesso.domain import buttons, prompt
from gesso.domain.buttons import Deed, Press
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.order import Order
from gesso.domain.task import Action, Lane, Task, TaskStatus

#: What this version of gesso can do with a press; the others are refused by name.
_SERVED = frozenset({Deed.UPSAMPLE, Deed.VARIATION, Deed.REROLL})


def follow_up(
    parent: Task,
    press: Press,
    *,
    dialect: str,
    custom_id: str,
    seed: int,
    lane: Lane | None = None,
    state: str | None = None,
    notify_hook: str | None = None,
) -> Order:
    """Return the child's order; it inherits prompt, bot, lane and version.

    Raises IllegalMove when the parent is not SUCCEEDED and InvalidOrder when its result has
    no such button.
    """
    if parent.status is not TaskStatus.SUCCEEDED:
        raise IllegalMove("关联任务状态错误")
    if press.job_id is not None and press.job_id != parent.job_hash:
        raise InvalidOrder("this button belongs to another task", param="customId")
    if press.deed not in _SERVED or not _offers(parent, press):
        raise InvalidOrder(f"the task has no such button: {custom_id}", param="customId")
    return Order(
        action=buttons.action_of(press, parent.action),
        price_action=buttons.price_action(press),
        dialect=dialect,
        description=f"/up {parent.id} {_short(press)}",
        prompt=parent.prompt,
        final_prompt=parent.final_prompt,
        version=str(parent.order.get("version", "")),
        lane=lane or parent.lane,
        bot=parent.bot,
        pictures=tuple(parent.order.get("pictures", ())),
        parent=parent,
        parent_index=press.index,
        custom_id=custom_id,
        state=state,
        notify_hook=notify_hook,
        details={"deed": press.deed.value, "index": press.index, "seed": seed},
    )


def _offers(parent: Task, press: Press) -> bool:
    """Whether the parent shows a grid whose tile was delivered."""
    positions = {p.position for p in parent.pictures}
    return parent.action is not Action.UPSCALE and (
        press.index is None or press.index in positions or press.deed is Deed.REROLL
    )


def _short(press: Press) -> str:
    if press.deed is Deed.REROLL:
        return "R"
    return f"{'U' if press.deed is Deed.UPSAMPLE else 'V'}{press.index}"


def version_of(parsed: prompt.Prompt) -> str:
    """Return the version part of the price key of a prompt; empty when it names none."""
    return parsed.version.key if parsed.flags.version is not None else ""
