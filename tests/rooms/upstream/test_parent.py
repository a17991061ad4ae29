"""What follow-ups need of their parent."""

from __future__ import annotations

import base64

import pytest

from gesso.domain.buttons import Deed
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
