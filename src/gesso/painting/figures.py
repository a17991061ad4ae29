"""Put subjects onto the canvas: shaded, outlined, with a shadow where they stand."""

from __future__ import annotations

import numpy as np

from gesso.painting.brief import Brief
from gesso.painting.canvas import Canvas, ellipse, limb, polygon
from gesso.painting.noise import F, fbm, smooth
from gesso.painting.palette import Colour, Palette, mix
from gesso.painting.subjects import FLOATING, SHAPES, Shape
from gesso.painting.words import Scene

_WHITE: Colour = (0.98, 0.97, 0.95)


def place_all(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, ground: float) -> None:
    """Draw every subject of the scene; `ground` is the plane height they stand on."""
    count = len(scene.subjects)
    for number, name in enumerate(scene.subjects):
        size = brief.between(0.20, 0.29, name, "size") / (1 if number == 0 else 1.45)
        spread = 0.17 if count == 1 else 0.10
        x = brief.between(-spread, spread, name, "x") + (
            0.0 if count == 1 else (-0.2, 0.24)[number]
        )
        if name in FLOATING:
            y = brief.between(-0.12, 0.06, name, "y")
        else:
            y = max(ground + 0.10, 0.40 - size) - 0.04 * number
        if brief.stage is not None:
            x, y, size = _staged(brief, brief.stage, name, number, count)
        flip = -1.0 if brief.number(name, "flip") < 0.5 else 1.0
        inks = _inks(palette, number)
        if name not in FLOATING:
            _shadow(canvas, x, y + size, size, palette)
        _draw(canvas, brief, SHAPES[name], inks, x, y, size, flip)


def _staged(
    brief: Brief, stage: tuple[float, float, float], name: str, number: int, count: int
) -> tuple[float, float, float]:
    """Return x, y and size of a subject on a stage; two stand beside each other."""
    x, y, size = stage
    size *= brief.between(0.78, 1.0, name, "size")
    x += size * brief.between(-0.25, 0.25, name, "x")
    if count == 1:
        return x, y, size
    return x + (-0.5, 0.6)[number] * size, y + 0.25 * size * number, size * (0.66, 0.5)[number]


def _inks(palette: Palette, number: int) -> dict[str, Colour]:
    body = palette.body if number == 0 else mix(palette.body, palette.accent, 0.7)
    return {
        "body": body,
        "light": mix(body, _WHITE, 0.62),
        "dark": mix(body, (0.07, 0.05, 0.07), 0.76),
        "accent": palette.accent,
        "glow": mix(palette.glow, (1.0, 0.86, 0.5), 0.5),
        "white": mix(_WHITE, palette.sky_low, 0.12 if not palette.night else 0.3),
        "eye": (0.09, 0.07, 0.08),
        "leaf": mix(palette.near, (0.30, 0.55, 0.25), 0.6),
        "skin": (0.88, 0.68, 0.54),
        "sky": mix(palette.sky_low, _WHITE, 0.25),
        "steam": _WHITE,
        "beam": mix(palette.glow, (1.0, 0.95, 0.7), 0.5),
    }


def _shadow(canvas: Canvas, x: float, y: float, size: float, palette: Palette) -> None:
    inner, there = canvas.part(x - 2 * size, y - size, x + 2 * size, y + size)
    if there:
        d = ellipse(inner.x, inner.y, x + 0.12 * size, y - 0.02 * size, 0.72 * size, 0.13 * size)
        inner.lay(np.asarray(0.42 * (1 - smooth(-0.06 * size, 0.07 * size, d))), palette.near)


def _draw(
    canvas: Canvas,
    brief: Brief,
    shapes: list[Shape],
    inks: dict[str, Colour],
    x: float,
    y: float,
    size: float,
    flip: float,
) -> None:
    reach = 2.1 * size
    inner, there = canvas.part(x - reach, y - reach, x + reach, y + reach)
    if not there:
        return
    u, v = (inner.x - x) / (size * flip), (inner.y - y) / size
    grain = fbm(inner.x * 60, inner.y * 60, brief.salt("fur"), 3) - 0.5
    strength = 0.0 if brief.niji else min(0.34, brief.stylize / 900)
    # Light from the upper left, told by where in the figure a pixel is.
    shade = np.asarray(
        1.06 - 0.24 * smooth(-0.9, 1.1, v + 0.5 * u * flip) + strength * grain, np.float32
    )
    for ink, kind, *numbers in shapes:
        d = _distance(kind, u, v, numbers) * np.float32(size)
        if ink in {"steam", "beam"}:
            soft = 1 - smooth(-0.06 * size, 0.10 * size, d)
            inner.lay(np.asarray(soft * (0.30 if ink == "steam" else 0.22)), inks[ink])
            continue
        if inner.outline:
            inner.lay(inner.edge(d - np.float32(inner.outline)), inner.outline_ink)
        if ink in {"eye", "white", "glow"}:
            inner.lay(inner.edge(d), inks[ink])
            continue
        # Rounder looking: darker towards its own edge.
        rim = 1 - 0.20 * smooth(-0.13 * size, 0.0, d)
        colour = np.asarray(inks[ink], np.float32) * (shade * rim)[..., None]
        inner.lay(inner.edge(d), np.asarray(colour, np.float32))
        if ink == "glow":
            inner.add(np.asarray(0.2 * (1 - smooth(0.0, 0.2 * size, d))), inks[ink])


def _distance(kind: str, u: F, v: F, numbers: list[object]) -> F:
    if kind == "e":
        return ellipse(u, v, *numbers)  # type: ignore[arg-type]
    if kind == "l":
        ax, ay, bx, by, ra, rb = numbers
        return limb(u, v, (ax, ay), (bx, by), ra, rb)  # type: ignore[arg-type]
    return polygon(u, v, tuple(numbers), 0.025)  # type: ignore[arg-type]
