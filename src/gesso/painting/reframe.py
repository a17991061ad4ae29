"""Zoom out and pan: another window on the same plane, with candidates for what is new."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gesso.domain.buttons import Deed
from gesso.painting.brief import Window, size_for
from gesso.painting.noise import F, smooth
from gesso.painting.original import Original, centred, reworded
from gesso.painting.paint import Pixels, render
from gesso.painting.recipe import Bend, Recipe, Region

PANS = {
    Deed.PAN_LEFT: (-1, 0),
    Deed.PAN_RIGHT: (1, 0),
    Deed.PAN_UP: (0, -1),
    Deed.PAN_DOWN: (0, 1),
}
ZOOMS = {Deed.ZOOM_OUT_2X: 2.0, Deed.ZOOM_OUT_1_5X: 1.5}
#: Windows with more pixels than this many usual pictures are made smaller when panned.
_MOST = 6


def zoomed(window: Window, factor: float, aspect: tuple[float, float], pixels: int) -> Window:
    """Return a window `factor` times as wide around the same point, in another aspect.

    It keeps its size in pixels when the aspect stays, and shows all of the old window.
    """
    left, top, right, bottom = window.box
    if abs(aspect[0] / aspect[1] - window.width / window.height) < 0.02:
        width, height = window.width, window.height
        if width * height > 1.5 * pixels:
            width, height = size_for((width, height), pixels)
    else:
        width, height = size_for(aspect, pixels)
    px = factor * max((right - left) / width, (bottom - top) / height)
    return centred(px, ((left + right) / 2, (top + bottom) / 2), width, height)


def panned(window: Window, deed: Deed, pixels: int) -> Window:
    """Return a window that is half as large again, on one side; the scale stays."""
    if window.width * window.height > _MOST * pixels:
        window = window.scaled(math.sqrt(pixels / (window.width * window.height)))
    dx, dy = PANS[deed]
    across = round(window.width / 32) * 16 * abs(dx)
    down = round(window.height / 32) * 16 * abs(dy)
    return Window(
        window.px,
        window.column - across * (dx < 0),
        window.row - down * (dy < 0),
        window.width + across,
        window.height + down,
    )


def candidate(recipe: Recipe, window: Window, text: str, seed: int) -> Recipe:
    """Return a recipe that shows the old one in its frame, and something new around it."""
    frame = recipe.window.box
    told = reworded(recipe, text)
    if told is recipe and recipe.period is None:
        return replace(recipe, window=window, bends=(*recipe.bends, Bend(frame, seed)))
    around = replace(told, window=window, layers=(), detail=0)
    if told is recipe:
        around = around.varied("subtle", seed)
    elif recipe.period is None:
        # The subject is in the old frame already; the new words tell of what is around it.
        brief = replace(around.brief, cast=())
        around = replace(around, brief=brief, bends=(*recipe.bends, Bend(frame, seed)))
    layers = (Region(replace(recipe, window=recipe.window), frame=frame),)
    return replace(around, layers=layers)


def surround(original: Original, recipe: Recipe) -> Pixels:
    """Return a picture without a recipe inside the painted world of `recipe`'s window.

    Its pixels are kept where the old picture was; beyond its edge its colours run out into
    the painted world.
    """
    import cv2

    assert original.pixels is not None
    world = render(replace(recipe, flat=False)).astype(np.float32)
    old, new = original.recipe.window, recipe.window
    scale = old.px / new.px
    width, height = max(1, round(old.width * scale)), max(1, round(old.height * scale))
    shown = original.pixels
    if (width, height) != (shown.shape[1], shown.shape[0]):
        smaller = cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA)
        shown = np.asarray(smaller, np.uint8)
    left = round(old.column * scale) - new.column
    top = round(old.row * scale) - new.row
    reach = max(8, round(0.18 * min(width, height)))
    around = cv2.copyMakeBorder(shown, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    around = _fading(np.asarray(around, np.uint8), reach)
    dx = np.maximum(np.maximum(reach - np.arange(width + 2 * reach), 0),
                    np.maximum(np.arange(width + 2 * reach) - reach - width + 1, 0))  # fmt: skip
    dy = np.maximum(np.maximum(reach - np.arange(height + 2 * reach), 0),
                    np.maximum(np.arange(height + 2 * reach) - reach - height + 1, 0))  # fmt: skip
    alpha = 1 - smooth(0.0, float(reach), np.hypot(dx[None, :], dy[:, None]))
    _paste(world, around, np.asarray(alpha, np.float32), left - reach, top - reach)
    out = (np.clip(world, 0, 255) + 0.5).astype(np.uint8)
    _paste_bytes(out, np.asarray(shown, np.uint8), left, top)
    return out


def _fading(around: Pixels, reach: int) -> Pixels:
    """Blur what was mirrored, so that it is a wash of colours and no second picture."""
    import cv2

    soft = np.asarray(cv2.GaussianBlur(around, (0, 0), reach / 4), np.uint8)
    soft[reach:-reach, reach:-reach] = around[reach:-reach, reach:-reach]
    near = np.asarray(cv2.GaussianBlur(soft, (0, 0), 2.0), np.uint8)
    near[reach:-reach, reach:-reach] = around[reach:-reach, reach:-reach]
    return near


def _paste(world: F, over: Pixels, alpha: F, left: int, top: int) -> None:
    box, part = _overlap(world.shape, over.shape, left, top)
    share = alpha[part][..., None]
    world[box] += (over[part] - world[box]) * share


def _paste_bytes(out: Pixels, over: Pixels, left: int, top: int) -> None:
    box, part = _overlap(out.shape, over.shape, left, top)
    out[box] = over[part]


def _overlap(
    under: tuple[int, ...], over: tuple[int, ...], left: int, top: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + over[1], under[1]), min(top + over[0], under[0])
    x1, y1 = max(x0, x1), max(y0, y1)
    return np.s_[y0:y1, x0:x1], np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
