"""The canvas: one window of the plane as arrays, and how shapes are laid onto it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gesso.painting.brief import Window, unit
from gesso.painting.noise import F
from gesso.painting.palette import Colour
from gesso.painting.recipe import Bend

Ink = Colour | F


@dataclass(slots=True)
class Canvas:
    """Colours of a window; `x` and `y` are plane coordinates of each pixel's centre."""

    x: F
    y: F
    px: float  #: Width of a pixel in plane units.
    rgb: F = field(repr=False)
    outline: float = 0.0  #: Width of drawn outlines in plane units; 0 for none.
    outline_ink: Colour = (0.1, 0.08, 0.1)

    @classmethod
    def open(cls, window: Window, *, block: float = 0.0, bends: Sequence[Bend] = ()) -> Canvas:
        """Open a window; `block` snaps coordinates to squares of that size (pixel art).

        `bends` move what the coordinates mean outside of some frames.
        """
        px = window.px
        xs = (window.column + np.arange(window.width) + 0.5) * px
        ys = (window.row + np.arange(window.height) + 0.5) * px
        if block:
            xs = (np.floor(xs / block) + 0.5) * block
            ys = (np.floor(ys / block) + 0.5) * block
        for bend in bends:
            xs, ys = bent(xs, bend, across=True), bent(ys, bend, across=False)
        x, y = np.meshgrid(xs.astype(np.float32), ys.astype(np.float32))
        return cls(x, y, px, np.zeros((window.height, window.width, 3), np.float32))

    def straight(self, window: Window, block: float) -> Canvas:
        """Return a canvas on the same pixels whose coordinates are not bent."""
        plain = Canvas.open(window, block=block)
        return Canvas(plain.x, plain.y, self.px, self.rgb, self.outline, self.outline_ink)

    def lay(self, alpha: F, ink: Ink) -> None:
        """Lay a colour over everything, by an alpha in 0–1 per pixel."""
        colour = np.asarray(ink, np.float32)
        self.rgb += (colour - self.rgb) * alpha[..., None]

    def add(self, alpha: F, ink: Ink) -> None:
        """Add light."""
        self.rgb += np.asarray(ink, np.float32) * alpha[..., None]

    def edge(self, distance: F) -> F:
        """Return the alpha of a shape from its signed distance, soft over one pixel."""
        return np.asarray(np.clip(0.5 - distance / np.float32(self.px), 0, 1), np.float32)

    def part(self, x0: float, y0: float, x1: float, y1: float) -> tuple[Canvas, bool]:
        """Return the sub-window of a box, sharing its pixels; False when it is outside."""
        top, bottom = _span(self.y[:, 0], y0, y1)
        left, right = _span(self.x[0], x0, x1)
        box = np.s_[top:bottom, left:right]
        inner = Canvas(
            self.x[box], self.y[box], self.px, self.rgb[box], self.outline, self.outline_ink
        )
        return inner, bottom > top and right > left

    def as_bytes(self) -> NDArray[np.uint8]:
        """Return the picture as 8-bit RGB."""
        return cast(NDArray[np.uint8], (np.clip(self.rgb, 0, 1) * 255 + 0.5).astype(np.uint8))


def bent(line: F, bend: Bend, *, across: bool) -> F:
    """Return coordinates that are unmoved inside a bend's frame and drift away outside.

    Never folds back: the slope stays between 0.5 and 1.5.
    """
    side = 0 if across else 1
    low, high = bend.frame[side], bend.frame[side + 2]
    reach = 0.7 * min(high - low, 1.6)
    moved = line.copy()
    for name, away, sign in (("low", low - line, -1.0), ("high", line - high, 1.0)):
        luck = unit("bend", bend.seed, side, name) - 0.5
        much = reach * sign * math.copysign(0.12 + 0.36 * abs(luck), luck)
        t = np.clip(away / reach, 0, 1)
        moved += much * t * t * (3 - 2 * t)
    return moved


def _span(line: F, low: float, high: float) -> tuple[int, int]:
    return int(np.searchsorted(line, low)), int(np.searchsorted(line, high, side="right"))


# Signed distances -----------------------------------------------------------------------------


def ellipse(u: F, v: F, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> F:
    """Distance to an ellipse, near enough at its edge."""
    c, s = math.cos(turn), math.sin(turn)
    du, dv = u - cx, v - cy
    a, b = (du * c + dv * s) / rx, (dv * c - du * s) / ry
    k = np.sqrt(a * a + b * b)
    slope = np.sqrt((a / rx) ** 2 + (b / ry) ** 2) + 1e-6
    return np.asarray(k * (k - 1) / slope, np.float32)


def limb(u: F, v: F, a: tuple[float, float], b: tuple[float, float], ra: float, rb: float) -> F:
    """Distance to a thick line from `a` to `b` whose radius goes from `ra` to `rb`."""
    du, dv = b[0] - a[0], b[1] - a[1]
    t = np.clip(((u - a[0]) * du + (v - a[1]) * dv) / (du * du + dv * dv), 0, 1)
    away = np.hypot(u - a[0] - t * du, v - a[1] - t * dv)
    return np.asarray(away - (ra + (rb - ra) * t), np.float32)


def polygon(u: F, v: F, points: tuple[tuple[float, float], ...], round_by: float = 0.0) -> F:
    """Distance to a polygon, with corners rounded by a radius."""
    best = np.full(u.shape, 1e9, np.float32)
    inside = np.zeros(u.shape, bool)
    for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True):
        ex, ey = bx - ax, by - ay
        t = np.clip(((u - ax) * ex + (v - ay) * ey) / (ex * ex + ey * ey), 0, 1)
        best = np.minimum(best, np.hypot(u - ax - t * ex, v - ay - t * ey)).astype(np.float32)
        if ey != 0:
            crosses = ((ay <= v) & (v < by)) | ((by <= v) & (v < ay))
            inside ^= crosses & (u < ax + ex * (v - ay) / ey)
    return np.asarray(np.where(inside, -best, best) - round_by, np.float32)
