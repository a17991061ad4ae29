"""Masks: which pixels mean "repaint", in both polarities, and which masks are refused."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gesso.kit.mask import Polarity, read_mask
from gesso.kit.picture import Limits, PictureRefused


def png(*pixels: tuple[int, int, int, int]) -> bytes:
    image = Image.new("RGBA", (len(pixels), 1))
    for place, colour in enumerate(pixels):
        image.putpixel((place, 0), colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def levels(mask: bytes) -> list[int]:
    image = Image.open(io.BytesIO(mask))
    assert (image.format, image.mode) == ("PNG", "L")
    return list(image.tobytes())


WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
HOLE, GREY, FAINT = (255, 255, 255, 0), (127, 127, 127, 255), (255, 255, 255, 100)


def test_light_and_opaque_is_repainted() -> None:
    mask = png(WHITE, BLACK, HOLE, GREY, FAINT, (200, 200, 200, 255))
    assert levels(read_mask(mask, Limits())) == [255, 0, 0, 0, 0, 255]


def test_the_other_polarity_looks_at_transparency_alone() -> None:
    mask = png(WHITE, BLACK, HOLE)
    assert levels(read_mask(mask, Limits(), Polarity.TRANSPARENT)) == [0, 0, 255]


def test_scaling_makes_no_grey() -> None:
    scaled = Image.open(io.BytesIO(read_mask(png(WHITE, BLACK), Limits(), size=(7, 3))))
    assert scaled.size == (7, 3)
    assert set(scaled.tobytes()) == {0, 255}


@pytest.mark.parametrize(
    ("data", "polarity", "reason"),
    [
        (png(BLACK, HOLE), Polarity.LIGHT, "empty_mask"),
        (png(BLACK, WHITE), Polarity.TRANSPARENT, "empty_mask"),
        (b"<svg/>", Polarity.LIGHT, "unknown_format"),
        (png(*[WHITE] * 50), Polarity.LIGHT, "too_many_pixels"),
    ],
)
def test_refusals(data: bytes, polarity: Polarity, reason: str) -> None:
    with pytest.raises(PictureRefused) as refusal:
        read_mask(data, Limits(max_pixels=40), polarity)
    assert refusal.value.reason == reason
