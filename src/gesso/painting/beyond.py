"""What lies around the window of a new picture, for those who zoom out and pan.

Everything here is larger the further away it is, so that a view of any width finds shapes of
its own size. Nothing of it shows in the window that a picture starts with.
"""

from __future__ import annotations

import numpy as np

from gesso.painting.brief import Brief
from gesso.painting.canvas import Canvas
from gesso.painting.noise import F, fbm, hashed, ridge, smooth
from gesso.painting.palette import Colour, Palette, mix
from gesso.painting.places import firs, flakes, grain_of, land, planet
from gesso.painting.words import Scene, is_banned

#: How much larger each belt is than the one before.
_STEP = 1.8
_BELTS = 6
#: Where the first belt of ground begins; below the window of every usual aspect.
_BELOW = {"sea": 1.5, "city": 1.0, "underwater": 0.95}


def paint_beyond(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette) -> None:
    """Paint the larger world around the first window."""
    if scene.place == "space":
        _planets(canvas, brief, palette)
    elif scene.place == "abstract":
        _flows(canvas, brief, palette)
    else:
        if scene.place != "underwater":
            _upper_sky(canvas, brief, palette)
        for belt in range(_BELTS):
            _belt(canvas, brief, scene, palette, belt)


def _upper_sky(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    sky, there = canvas.part(-1e9, -1e9, 1e9, -0.78)
    if not there:
        return
    high = mix(palette.sky_top, (0.05, 0.07, 0.18), 0.30)
    sky.lay(np.asarray(0.9 * smooth(0.85, 2.4, -sky.y), np.float32), palette.sky_top)
    sky.lay(smooth(1.2, 9.0, -sky.y), high)
    if is_banned(brief, "clouds"):
        return
    for belt in range(_BELTS - 1):
        size = _STEP ** (belt + 1)
        inner, there = sky.part(-1e9, -2.6 * size, 1e9, -0.55 * size)
        if not there:
            continue
        u, v = inner.x * (1.5 / size), inner.y * (3.4 / size)
        body = fbm(u, v, brief.salt("high cloud", belt), 6)
        lit = fbm(u + 0.05, v - 0.2, brief.salt("high cloud", belt), 3)
        deep = -inner.y / np.float32(size)
        # A belt comes and goes softly, or its edge would show as a line.
        belted = smooth(0.62, 1.0, deep) * (1 - smooth(1.5, 2.5, deep))
        alpha = np.asarray(smooth(0.50, 0.72, body) * belted, np.float32)
        inner.lay(0.8 * alpha, mix(palette.sky_low, palette.glow, 0.30))
        inner.lay(0.5 * alpha * smooth(0.45, 0.75, lit), mix(palette.sky_top, palette.far, 0.5))


def _belt(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, belt: int) -> None:
    """One belt of ground, nearer to the viewer and larger than the one above it."""
    size = _STEP**belt
    top = _BELOW.get(scene.place, 0.92) * size
    if float(canvas.y[-1, 0]) < top - 0.7 * size:
        return
    row = canvas.x[:1] / np.float32(size)
    hills = ridge(row * 1.25, brief.salt("belt", belt), 5)
    line = np.asarray(top + size * 0.30 * (0.62 - hills), np.float32)
    ink = _ink(palette, scene, belt)
    if scene.place == "city":
        _roofs(canvas, brief, palette, line, size, belt)
    elif scene.place in {"forest", "mountains", "meadow", "sea"} and not is_banned(brief, "trees"):
        dark = mix(palette.near, palette.ground, 0.18)
        firs(canvas, brief, scene, palette, top + 0.03 * size, 5.5 / size, 0.24 * size, dark)
    grain = grain_of(canvas, brief, 20 / size, 52 / size, 0.40)
    low = mix(ink, palette.near, 0.55)
    land(canvas, line, ink, low, 0.8 * size, grain)
    if scene.place == "meadow" and "snow" not in scene.weather and not is_banned(brief, "flowers"):
        field, there = canvas.part(-1e9, top + 0.12 * size, 1e9, top + 1.3 * size)
        if there:
            flakes(field, brief.salt("belt bloom", belt), 9 / size, 0.17, palette.accent, 0.9, 0.3)


def _ink(palette: Palette, scene: Scene, belt: int) -> Colour:
    if scene.place == "city":
        return mix(palette.ground, palette.near, 0.6)
    if scene.place == "underwater":
        reef = mix(palette.accent, palette.near, 0.5)
        return mix(reef, palette.sky_top, 0.15 + 0.3 * (belt % 2))
    if scene.place == "sea":
        return mix(mix(palette.near, (0.55, 0.48, 0.34), 0.5), palette.sky_low, 0.12)
    light = mix(palette.ground, palette.glow, 0.16)
    return mix(light, palette.near, (0.10, 0.30, 0.18, 0.36, 0.24, 0.4)[belt])


def _roofs(canvas: Canvas, brief: Brief, palette: Palette, line: F, size: float, belt: int) -> None:
    """A nearer street: larger houses with larger windows."""
    density = 3.4 / size
    salt = brief.salt("roofs", belt)
    u = canvas.x * density + 0.31 * belt
    cell = np.floor(u).astype(np.int64)
    tall = size * (0.08 + 0.34 * hashed(cell, cell * 0, salt) ** 1.4)
    off = (np.abs(u - cell - 0.5) - 0.36 - 0.13 * hashed(cell, cell * 0, salt + 1)) / density
    d = np.maximum(off, line - tall - canvas.y)
    canvas.lay(canvas.edge(np.asarray(d, np.float32)), mix(palette.near, palette.far, 0.12))
    wx, wy = u * 7, canvas.y * density * 6
    ix, iy = np.floor(wx).astype(np.int64), np.floor(wy).astype(np.int64)
    glass = (np.abs(wx - ix - 0.5) < 0.28) & (np.abs(wy - iy - 0.5) < 0.30)
    lit = hashed(ix, iy, salt + 5) < (0.45 if palette.night else 0.2)
    inside = canvas.edge(np.asarray(d + 0.012 * size, np.float32))
    canvas.lay(
        np.asarray(0.8 * inside * glass * lit, np.float32), mix(palette.glow, palette.accent, 0.3)
    )


def _planets(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    far = smooth(1.0, 3.0, np.asarray(np.hypot(canvas.x, canvas.y), np.float32))
    if far.any():
        deep = mix(palette.sky_top, (0.02, 0.02, 0.06), 0.82)
        wide = fbm(canvas.x * 0.35, canvas.y * 0.35, brief.salt("wide nebula"), 6)
        # The small clouds sink back, and larger ones take over.
        canvas.lay(np.asarray(0.72 * far, np.float32), deep)
        canvas.lay(
            np.asarray(0.62 * far * smooth(0.46, 0.74, wide)), mix(palette.accent, deep, 0.2)
        )
        canvas.lay(np.asarray(0.45 * far * smooth(0.56, 0.8, wide)), palette.sky_low)
    for belt in range(3):
        _belt_of_planets(canvas, brief, palette, 1.7 * 2.6**belt, belt)


def _belt_of_planets(
    canvas: Canvas, brief: Brief, palette: Palette, size: float, belt: int
) -> None:
    for i in range(-2, 3):
        for j in range(-2, 3):
            name = ("far planet", belt, i, j)
            if max(abs(i), abs(j)) < 1 or brief.number(*name) > 0.30:
                continue
            x = (i + 0.6 * (brief.number(*name, "x") - 0.5)) * size
            y = (j + 0.6 * (brief.number(*name, "y") - 0.5)) * size
            radius = size * (0.06 + 0.14 * brief.number(*name, "r"))
            # Rings and glow reach out to 2.2 radii, and the first window stays as it is.
            if max(abs(x), abs(y)) - 2.2 * radius > 0.9:
                planet(canvas, brief, palette, x, y, radius, 2 + 25 * belt + 5 * i + j)


def _flows(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    away = np.asarray(np.hypot(canvas.x, canvas.y), np.float32)
    for belt in range(3):
        size = 1.5 * 2.4**belt
        much = smooth(0.9 * size, 1.8 * size, away)
        if not much.any():
            return
        scale = 1.2 / size
        ax = fbm(canvas.x * scale, canvas.y * scale, brief.salt("wide a", belt), 4)
        bend = canvas.y * scale + 3.0 * ax
        flow = fbm(canvas.x * scale + 3.0 * ax, bend, brief.salt("wide b", belt), 6)
        for low, ink in (
            (0.0, palette.sky_top), (0.36, palette.sky_low), (0.44, palette.accent),
            (0.52, palette.body), (0.59, palette.glow), (0.66, palette.near),
        ):  # fmt: skip
            canvas.lay(np.asarray(much * smooth(low, low + 0.08, flow), np.float32), ink)
