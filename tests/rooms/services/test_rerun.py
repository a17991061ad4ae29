"""What an order of the same work once more holds, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gesso.domain import prompt
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.order import PRICE
from gesso.domain.task import Action, BotType, Lane, Task, TaskStatus
from gesso.kit import clock
from gesso.services import compose
from gesso.services.compose import Common
from gesso.services.rerun import rerun

COMMON = Common("apimart")


def _ended(text: str = "a fox --ar 3:2", **changes: Any) -> Task:
    order = compose.imagine(COMMON, prompt.parse(text), text, links=("https://x.example/a.png",))
    task = Task(
        id=1, account_id="a", key_id="k", action=Action.IMAGINE, status=TaskStatus.SUCCEEDED,
        lane=Lane.RELAX, submitted_at=clock.now(), bot=BotType.MID_JOURNEY, prompt=text,
        final_prompt=order.final_prompt, order=order.stored(),
    )  # fmt: skip
    return replace(task, **changes)


def test_everything_that_was_asked_is_asked_again() -> None:
    task = _ended()
    again = rerun(task, None, common=COMMON)
    assert again.task_id != task.id
    assert again.links == ("https://x.example/a.png",)
    assert again.lane is Lane.RELAX
    assert again.details["seed"] == task.order["seed"]
    assert (again.price_action, again.times) == ("imagine", 1)
    assert prompt.parse(again.final_prompt).seed == task.order["seed"]
    assert again.prompt == "a fox --ar 3:2"
    assert rerun(replace(task, order=again.stored()), None, common=COMMON).details == again.details


@pytest.mark.parametrize(
    ("said", "used"),
    [({"seed": 77}, 77), ({"seed": "78"}, 78), ({"seed": "none"}, None), ({}, None)],
)
def test_the_seed_that_the_backend_tells_counts_before_ours(said: Any, used: int | None) -> None:
    task = _ended(result=said)
    again = rerun(task, None, common=COMMON)
    assert again.details["seed"] == (task.order["seed"] if used is None else used)


def test_what_cannot_be_repeated_is_refused() -> None:
    with pytest.raises(IllegalMove):
        rerun(_ended(status=TaskStatus.RUNNING), None, common=COMMON)
    with pytest.raises(InvalidOrder):
        rerun(_ended(parent_id=5), None, common=COMMON)
    old = _ended()
    with pytest.raises(InvalidOrder):
        rerun(
            replace(old, order={k: v for k, v in old.order.items() if k != PRICE}),
            None,
            common=COMMON,
        )
