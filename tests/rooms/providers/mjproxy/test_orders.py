"""Matching of buttons, and the bodies that need no upstream to be judged."""

from __future__ import annotations

import dataclasses

import pytest

from gesso.domain.errors import Refused
from gesso.domain.task import Action, BotType
from gesso.providers.mjproxy import orders
from tests.rooms.providers.mjproxy.jobs import job
from tests.upstream import png


def test_the_niji_bot_is_asked_by_name() -> None:
    one = job("")
    asked = dataclasses.replace(one.task, bot=BotType.NIJI_JOURNEY)
    niji = dataclasses.replace(one, task=asked)
    assert orders.write(niji).body["botType"] == "NIJI_JOURNEY"
    assert orders.write(one).body["botType"] == "MID_JOURNEY"


@pytest.mark.parametrize(
    ("action", "count", "order"),
    [
        (Action.BLEND, 1, {}),
        (Action.BLEND, 2, {"dimensions": "ROUND"}),
        (Action.DESCRIBE, 0, {}),
        (Action.SWAP_FACE, 1, {}),
        (Action.REMIX, 1, {}),
    ],
)
def test_orders_that_cannot_be_said(action: Action, count: int, order: dict[str, str]) -> None:
    one = job("", action, pictures=[png()] * count, dimensions=order.get("dimensions"))
    with pytest.raises(Refused):
        orders.write(one)


def test_an_edit_with_a_mask_is_not_sent_without_it() -> None:
    with pytest.raises(Refused, match="mask"):
        orders.write(job("", Action.EDITS, pictures=[png()], mask=png()))
