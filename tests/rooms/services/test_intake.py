"""Taking pictures in: the first bad one is named, the good ones are stored once."""

from __future__ import annotations

import base64

import pytest

from gesso.app import House
from gesso.domain.errors import PictureRejected
from gesso.kit import picture
from gesso.kit.mask import Polarity
from gesso.services.intake import Intake
from tests.upstream import png

pytestmark = pytest.mark.anyio


async def nobody(url: str) -> str | None:
    """Know no link as our own."""
    return None


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_pictures_are_stored_in_order_and_once(small_house: House) -> None:
    intake = Intake(small_house.blobs, picture.Limits(), Polarity.LIGHT, nobody)
    first, second = png(4, 4), png(5, 5)
    sent = [encoded(first), "data:image/png;base64," + encoded(second), encoded(first)]
    kept = await intake.keep_base64(sent, param="base64Array")
    assert kept[0] == kept[2]
    assert [await small_house.blobs.get(k) for k in kept[:2]] == [first, second]
    assert await intake.keep_base64([], param="x") == ()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("not base64!", "bad_base64"),
        ("", "empty"),
        (encoded(b"<svg/>"), "unknown_format"),
        (encoded(png(100, 100)), "too_many_pixels"),
        (encoded(png()[:-20]), "truncated"),
        (encoded(b"x" * 5000), "too_large"),
    ],
)
async def test_the_bad_one_is_named(small_house: House, bad: str, reason: str) -> None:
    intake = Intake(
        small_house.blobs, picture.Limits(max_bytes=4000, max_pixels=5000), Polarity.LIGHT, nobody
    )
    with pytest.raises(PictureRejected) as refusal:
        await intake.keep_base64([encoded(png()), bad], param="base64Array")
    assert refusal.value.param == "base64Array[1]"
    assert refusal.value.facts["reason"] == reason
