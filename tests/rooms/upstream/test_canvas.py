"""Sizes, and where the old picture lies on a new canvas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused
from gesso.upstream.canvas import reframed, rounded, size_for

SIDES = st.integers(16, 2048)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [((1, 1), (1024, 1024)), ((16, 9), (1344, 768)), ((2, 3), (832, 1280)), ((14, 1), (3840, 256))],
)
def test_new_pictures_keep_their_area(aspect: tuple[int, int], size: tuple[int, int]) -> None:
    assert size_for(aspect, 1024 * 1024) == size


@given(SIDES, SIDES, st.integers(64 * 64, 2048 * 2048))
def test_work_sizes_are_multiples_of_eight_and_not_too_large(
    width: int, height: int, pixels: int
) -> None:
    shown = rounded((width, height), pixels)
    assert all(side % 8 == 0 and side >= 8 for side in shown)
    assert shown[0] * shown[1] <= 1.5 * pixels + 8 * (width + height)


@given(SIDES, SIDES, st.sampled_from([
    Deed.PAN_LEFT, Deed.PAN_RIGHT, Deed.PAN_UP, Deed.PAN_DOWN, Deed.ZOOM_OUT_2X,
    Deed.ZOOM_OUT_1_5X, Deed.MAKE_SQUARE, Deed.CUSTOM_ZOOM,
]))  # fmt: skip
def test_the_old_picture_lies_inside_of_the_canvas(width: int, height: int, deed: Deed) -> None:
    canvas, (left, top, right, bottom) = reframed(deed, (width, height), 1.3, None, 1024 * 1024)
    assert 0 <= left <= right <= canvas[0]
    assert 0 <= top <= bottom <= canvas[1]


def test_where_things_are() -> None:
    size, pixels = (512, 256), 512 * 512
    canvas, box = reframed(Deed.ZOOM_OUT_2X, size, 0, None, pixels)
    assert (canvas, box) == ((512, 256), (128, 64, 384, 192))
    canvas, box = reframed(Deed.PAN_LEFT, size, 0, None, pixels)
    assert (canvas, box) == ((768, 256), (256, 0, 768, 256))
    canvas, box = reframed(Deed.PAN_DOWN, size, 0, None, pixels)
    assert (canvas, box) == ((512, 384), (0, 0, 512, 256))
    canvas, _ = reframed(Deed.CUSTOM_ZOOM, size, 1.0, (1, 1), pixels)
    assert canvas[0] == canvas[1]
    with pytest.raises(Refused):
        reframed(Deed.CUSTOM_ZOOM, size, 2.5, None, pixels)
