"""Sizes of pictures, and where an old picture lies on a new canvas. Pure."""

from __future__ import annotations

import math

from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused

#: New pictures have sides of so many pixels; what comes from a picture, of so many.
_STEP, _FINE = 64, 8
#: How much longer a side gets by a pan.
_PAN = 1.5
_PANS = {
    Deed.PAN_LEFT: (-1, 0), Deed.PAN_RIGHT: (1, 0), Deed.PAN_UP: (0, -1), Deed.PAN_DOWN: (0, 1),
}  # fmt: skip
_ZOOMS = {Deed.ZOOM_OUT_2X: 2.0, Deed.ZOOM_OUT_1_5X: 1.5}
#: A canvas may have so many times the pixels of a usual picture.
_MOST = 1.5
Size = tuple[int, int]
Box = tuple[int, int, int, int]


def size_for(aspect: Size, pixels: int) -> Size:
    """Return the size of a new picture with an aspect and about so many pixels."""
    ratio = aspect[0] / aspect[1]
    return _snap(math.sqrt(pixels * ratio), _STEP), _snap(math.sqrt(pixels / ratio), _STEP)


def rounded(size: Size, pixels: int) -> Size:
    """Return the size in which a picture is worked on: its own, or less where it is too large."""
    shrink = min(1.0, math.sqrt(_MOST * pixels / (size[0] * size[1])))
    return _snap(size[0] * shrink, _FINE), _snap(size[1] * shrink, _FINE)


def reframed(
    deed: Deed | None, size: Size, zoom: float, aspect: Size | None, pixels: int
) -> tuple[Size, Box]:
    """Return the canvas of a zoom or pan and the box of the old picture on it, in pixels."""
    width, height = size
    if deed in _PANS:
        dx, dy = _PANS[deed]
        wide, high = width * (_PAN if dx else 1.0), height * (_PAN if dy else 1.0)
        left = wide - width if dx < 0 else 0.0
        top = high - height if dy < 0 else 0.0
        return _scaled((wide, high), (left, top, left + width, top + height), pixels)
    if deed is Deed.MAKE_SQUARE:
        factor, aspect = 1.0, (1, 1)
    else:
        factor = _ZOOMS.get(deed, zoom) if deed else zoom
    if not 1.0 <= factor <= 2.0:
        raise Refused("zoom goes from 1.0 to 2.0")
    wide, high = width * factor, height * factor
    if aspect is not None:
        ratio = aspect[0] / aspect[1]
        wide, high = max(wide, high * ratio), max(high, wide / ratio)
    left, top = (wide - width) / 2, (high - height) / 2
    # A zoomed picture keeps its number of pixels: the old one becomes smaller on it.
    budget = min(pixels, round(width * height / _MOST))
    return _scaled((wide, high), (left, top, left + width, top + height), budget)


def _scaled(
    canvas: tuple[float, float], box: tuple[float, float, float, float], pixels: int
) -> tuple[Size, Box]:
    whole = max(1, round(canvas[0])), max(1, round(canvas[1]))
    shown = rounded(whole, pixels)
    across, down = shown[0] / canvas[0], shown[1] / canvas[1]
    return shown, (
        round(box[0] * across),
        round(box[1] * down),
        round(box[2] * across),
        round(box[3] * down),
    )


def _snap(side: float, step: int) -> int:
    return max(step, round(side / step) * step)
