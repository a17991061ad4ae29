"""Matching of buttons, and the bodies that need no upstream to be judged."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused
from gesso.domain.task import Action, BotType
from gesso.providers.mjproxy import orders
from gesso.upstream.parent import data_url, find_button, upstream_of_parent
from tests.rooms.providers.mjproxy.jobs import UUID, job, parent
from tests.upstream import png


def test_buttons_are_matched_by_what_they_do() -> None:
    zoom, fourth = f"MJ::CustomZoom::1::{UUID}", f"MJ::JOB::upsample::4::{UUID}"
    result = {"buttons": [zoom, "nonsense", fourth]}
    assert find_button(result, Deed.CUSTOM_ZOOM, None) == zoom
    assert find_button(result, Deed.UPSAMPLE, 4) == fourth
    assert find_button(result, Deed.UPSAMPLE, 3) is None
    assert find_button({}, Deed.REROLL, None) is None


def test_only_an_id_of_this_very_channel_counts() -> None:
    assert upstream_of_parent(job("", of=parent())) == "1000"
    assert upstream_of_parent(job("", of=parent(here=False))) is None
    assert upstream_of_parent(job("")) is None


@pytest.mark.parametrize(
    ("data", "kind"), [(png(), "png"), (b"\xff\xd8\xff", "jpeg"), (b"RIFF....WEBP", "webp")]
)
def test_data_urls_name_the_kind(data: bytes, kind: str) -> None:
    head, _, body = data_url(data).partition(",")
    assert head == f"data:image/{kind};base64"
    assert base64.b64decode(body) == data


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
