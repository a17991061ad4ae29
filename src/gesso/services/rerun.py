"""Order the work of a finished task once more: the same input, parent and seed, a new task.

The painter then makes the same pictures to the byte; another backend as far as it keeps to
the seed. Failed tasks are repeated this way too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gesso.domain import prompt, terms
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.limits import COUNTED
from gesso.domain.order import PRICE, Order
from gesso.domain.prompt_flags import MAX_SEED
from gesso.domain.task import Action, Task
from gesso.services.compose import Common

#: What an order keeps beside the parameters of its action.
_KEPT_APART = frozenset(
    {"pictures", "links", "mask", "version", "dialog", "only", PRICE, COUNTED, terms.NAME}
)


def rerun(task: Task, parent: Task | None, *, common: Common) -> Order:
    """Return the order of a task once more; its parent is the new one's parent too.

    Raises IllegalMove for a task that has not ended, and InvalidOrder for one whose dialog
    was never answered or that was taken by a version of gesso that kept too little.
    """
    if not task.is_final:
        raise IllegalMove("only a task that has ended can run again")
    kept = task.order
    if PRICE not in kept or (task.parent_id is not None and parent is None):
        raise InvalidOrder("what this task was made from is gone", param="task_id")
    if (kept.get("dialog") or {}).get("needs_mask") and not kept.get("mask"):
        raise InvalidOrder("the task was never answered, so there is no mask", param="task_id")
    action, version, times = kept[PRICE]
    order = Order(
        action=task.action,
        price_action=action,
        price_version=version,
        times=times,
        description=task.description,
        prompt=task.prompt,
        final_prompt=_with_seed(task),
        version=kept.get("version", ""),
        lane=common.lane or task.lane,
        bot=task.bot,
        pictures=tuple(kept.get("pictures", ())),
        links=tuple(kept.get("links", ())),
        mask=kept.get("mask"),
        parent=parent,
        parent_index=task.parent_index,
        custom_id=task.custom_id,
        details={name: value for name, value in kept.items() if name not in _KEPT_APART},
        **common.fields(),
    )
    seed = _seed(task)
    return order if seed is None else replace(order, details={**order.details, "seed": seed})


def _seed(task: Task) -> int | None:
    """Return the seed that a task was made with: what its backend says, else what we drew."""
    for named in (task.result.get("seed"), task.order.get("seed")):
        text: Any = str(named)
        if text.isascii() and text.isdecimal() and int(text) <= MAX_SEED:
            return int(text)
    return None


def _with_seed(task: Task) -> str:
    # Backends beyond our own read the seed of a new grid in its prompt alone.
    seed = _seed(task)
    if task.action is not Action.IMAGINE or seed is None:
        return task.final_prompt
    return prompt.parse(task.final_prompt, need_words=False).with_flags(seed=seed).write()
