"""Paint a brief through a view: the world, the subjects, the weather and the style."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gesso.painting import beyond, figures, places, shape
from gesso.painting.brief import Brief, View, Window
from gesso.painting.canvas import Canvas
from gesso.painting.noise import F, fbm, hashed, smooth, value
from gesso.painting.palette import Palette, choose
from gesso.painting.recipe import Recipe, Region
from gesso.painting.words import Scene, understand

Pixels = NDArray[np.uint8]
#: Pixels that are painted at a time. One needs about 120 bytes on the way.
_BAND_PIXELS = 1 << 18


def paint(brief: Brief, view: View, width: int, height: int) -> Pixels:
    """Return a picture of height × width × 3 bytes, RGB.

    Deterministic by all arguments. Two views at the same scale agree in every pixel of the
    plane that both show.
    """
    window = Window.of(view, width, height)
    return render(Recipe(brief, window, period=window if brief.seamless else None))


def render(recipe: Recipe, threads: int = 1) -> Pixels:
    """Return the picture of a recipe as height × width × 3 bytes, RGB.

    Painted in bands, so memory is bounded whatever the size; the bands do not show, since
    every pixel depends on its place in the plane alone.
    """
    window = recipe.window
    picture = np.empty((window.height, window.width, 3), np.uint8)
    step = max(8, _BAND_PIXELS // window.width)

    def band(start: int) -> None:
        stop = min(start + step, window.height)
        rgb = colours(recipe, window.rows(start, stop))
        picture[start:stop] = (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)

    starts = range(0, window.height, step)
    if threads > 1 and len(starts) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(band, starts))
    else:
        for start in starts:
            band(start)
    return picture


def colours(recipe: Recipe, window: Window) -> F:
    """Return the colours (0–1 RGB) of a window of a recipe's plane, with all that lies on it."""
    if recipe.period is not None:
        rgb = _seamless(recipe, recipe.period, window)
    else:
        rgb = _finish(_world(recipe, window), recipe).rgb
    for region in recipe.layers:
        _lay(region, window, rgb)
    return rgb


def _lay(region: Region, window: Window, rgb: F) -> None:
    alpha = shape.alpha_of(region, window)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    box = np.s_[top:bottom, left:right]
    part = Window(
        window.px,
        window.column + int(left),
        window.row + int(top),
        int(right - left),
        int(bottom - top),
    )
    inner = colours(region.inner, part)
    # Where the layer is full its own bytes must come out, not nearly the same ones.
    share = alpha[box][..., None]
    rgb[box] = np.where(share == 1, inner, rgb[box] + (inner - rgb[box]) * share)


def _world(recipe: Recipe, window: Window) -> Canvas:
    brief = recipe.brief
    scene = understand(brief)
    palette = choose(brief, scene)
    block = 1 / 96 if scene.style == "pixel" else 0.0
    canvas = Canvas.open(window, block=block, bends=recipe.bends[::-1])
    if brief.niji or scene.style == "line":
        canvas.outline = 0.0042
        canvas.outline_ink = palette.near if not palette.night else (0.05, 0.04, 0.08)
    ground = places.paint_place(canvas, brief, scene, palette)
    beyond.paint_beyond(canvas, brief, scene, palette)
    # Subjects are never bent: half a fox at the old edge must go on as a fox.
    figures.place_all(canvas.straight(window, block), brief, scene, palette, ground)
    places.paint_weather(canvas, brief, scene, palette, falling=not recipe.calm)
    return canvas


def _finish(canvas: Canvas, recipe: Recipe) -> Canvas:
    brief = recipe.brief
    scene = understand(brief)
    palette = choose(brief, scene)
    style = {"watercolor": _watercolor, "line": _line, "neon": _neon, "oil": _oil}.get(scene.style)
    if style is not None:
        style(canvas, brief, palette)
    if brief.niji or scene.style in {"minimal", "pixel"}:
        steps = 9 if brief.niji else 6
        canvas.rgb[:] = np.round(canvas.rgb * steps) / steps * 0.55 + canvas.rgb * 0.45
    elif not brief.raw:
        _light(canvas, brief, palette, scene)
    if recipe.detail:
        _enrich(canvas, brief, recipe.detail)
    return canvas


def _enrich(canvas: Canvas, brief: Brief, detail: int) -> None:
    """Lay fine texture over everything, too fine to be seen at the old size."""
    salt = brief.salt("detail")
    for octave in range(detail):
        scale = 330.0 * 2**octave
        fine = value(canvas.x * scale, canvas.y * scale, salt + octave)
        brushed = value(canvas.x * scale * 0.35, canvas.y * scale * 1.6, salt - octave)
        much = np.float32(0.22 / (1 + octave))
        canvas.rgb *= (1 + much * (0.55 * fine + 0.45 * brushed - 0.5))[..., None]


def _light(canvas: Canvas, brief: Brief, palette: Palette, scene: Scene) -> None:
    """Warm the lights, and give the surface the grain of paper."""
    much = min(1.0, brief.stylize / 600)
    bright = canvas.rgb.mean(axis=2)
    canvas.lay(np.asarray(0.22 * much * smooth(0.55, 1.0, bright), np.float32), palette.glow)
    canvas.lay(
        np.asarray(0.16 * much * (1 - smooth(0.0, 0.4, bright)), np.float32), palette.sky_top
    )
    if scene.style == "minimal" or brief.stylize < 20:
        return
    ix = np.floor(canvas.x / 0.0016).astype(np.int64)
    iy = np.floor(canvas.y / 0.0016).astype(np.int64)
    paper = hashed(ix, iy, 77) - 0.5
    canvas.rgb += (0.018 + 0.03 * much) * paper[..., None]


def _watercolor(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    wash = fbm(canvas.x * 5, canvas.y * 5, brief.salt("wash"), 5)
    pool = fbm(canvas.x * 26, canvas.y * 26, brief.salt("pool"), 3)
    canvas.lay(np.asarray(0.12 + 0.38 * smooth(0.42, 0.72, wash), np.float32), (0.98, 0.96, 0.92))
    canvas.rgb *= (0.90 + 0.20 * pool)[..., None]


def _line(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    bright = np.asarray(canvas.rgb.mean(axis=2), np.float32)
    hatch = np.abs(((canvas.x + canvas.y) * 95) % 1 - 0.5) * 2
    paper, ink = (0.96, 0.94, 0.89), palette.near
    dark = np.asarray((1 - smooth(0.10, 0.62, bright)), np.float32)
    canvas.lay(np.full_like(bright, 0.86), paper)
    canvas.lay(np.asarray(0.85 * (hatch < dark) * dark, np.float32), ink)


def _neon(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    bright: F = np.asarray(canvas.rgb.mean(axis=2), np.float32)
    canvas.rgb[:] = canvas.rgb**1.35
    canvas.add(np.asarray(0.26 * smooth(0.25, 0.75, bright), np.float32), (0.75, 0.10, 0.85))
    canvas.add(np.asarray(0.20 * smooth(0.6, 0.2, -bright + 0.5), np.float32), (0.0, 0.25, 0.40))


def _oil(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    angle = fbm(canvas.x * 2.2, canvas.y * 2.2, brief.salt("angle"), 3) * 9
    along = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
    across = canvas.y * np.cos(angle) - canvas.x * np.sin(angle)
    stroke = fbm(np.asarray(along * 14, np.float32), np.asarray(across * 75, np.float32), 5, 3)
    canvas.rgb *= (0.74 + 0.52 * stroke)[..., None]


def _seamless(recipe: Recipe, period: Window, window: Window) -> F:
    """Return a window of a world that repeats, whatever the scale.

    Four windows of the endless plane are cross-faded over one period, so that its opposite
    edges meet.
    """
    left, top, right, bottom = period.box
    wide = max(1, round((right - left) / window.px))
    high = max(1, round((bottom - top) / window.px))
    first = Window(window.px, round(left / window.px), round(top / window.px), wide, high)
    plain = replace(recipe, brief=replace(recipe.brief, seamless=False), period=None, layers=())
    rows = (window.row - first.row + np.arange(window.height)) % high
    columns = (window.column - first.column + np.arange(window.width)) % wide
    out = np.empty((window.height, window.width, 3), np.float32)
    start = 0
    while start < window.height:  # Each run of rows that follow each other in the period.
        stop = min(window.height, start + high - int(rows[start]))
        run = first.rows(int(rows[start]), int(rows[start]) + stop - start)
        out[start:stop] = _faded(plain, run, first)[:, columns]
        start = stop
    return out


def _faded(plain: Recipe, run: Window, first: Window) -> F:
    u = (np.arange(run.width, dtype=np.float32) + 0.5) / first.width
    v = (run.row - first.row + np.arange(run.height, dtype=np.float32) + 0.5) / first.height
    total = np.zeros((run.height, run.width, 3), np.float32)
    for dx in (0, 1):
        for dy in (0, 1):
            moved = replace(
                run, column=run.column + dx * first.width, row=run.row + dy * first.height
            )
            part = _finish(_world(plain, moved), plain).rgb
            across = smooth(0.3, 0.7, u) if dx == 0 else 1 - smooth(0.3, 0.7, u)
            down = smooth(0.3, 0.7, v) if dy == 0 else 1 - smooth(0.3, 0.7, v)
            total += part * (across[None, :] * down[:, None])[..., None]
    return total
