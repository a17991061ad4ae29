"""Paint a brief through a view: the world, the subjects, the weather and the style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gesso.painting import figures, places
from gesso.painting.brief import Brief, View
from gesso.painting.canvas import Canvas
from gesso.painting.noise import F, fbm, hashed, smooth
from gesso.painting.palette import Palette, choose
from gesso.painting.words import Scene, understand

Pixels = NDArray[np.uint8]


def paint(brief: Brief, view: View, width: int, height: int) -> Pixels:
    """Return a picture of height × width × 3 bytes, RGB.

    Deterministic by all arguments. Two views at the same scale agree in every pixel of the
    plane that both show.
    """
    if brief.seamless:
        return _seamless(brief, view, width, height)
    return _finish(_world(brief, view, width, height), brief).as_bytes()


def _world(brief: Brief, view: View, width: int, height: int) -> Canvas:
    scene = understand(brief)
    palette = choose(brief, scene)
    block = 1 / 96 if scene.style == "pixel" else 0.0
    canvas = Canvas.open(view, width, height, block=block)
    if brief.niji or scene.style == "line":
        canvas.outline = 0.0042
        canvas.outline_ink = palette.near if not palette.night else (0.05, 0.04, 0.08)
    ground = places.paint_place(canvas, brief, scene, palette)
    figures.place_all(canvas, brief, scene, palette, ground)
    places.paint_weather(canvas, brief, scene, palette)
    return canvas


def _finish(canvas: Canvas, brief: Brief) -> Canvas:
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
    return canvas


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


def _seamless(brief: Brief, view: View, width: int, height: int) -> Pixels:
    """Cross-fade four windows of the plane, so that opposite edges meet."""
    plain = replace(brief, seamless=False)
    u = (np.arange(width, dtype=np.float32) + 0.5) / width
    v = (np.arange(height, dtype=np.float32) + 0.5) / height
    total = np.zeros((height, width, 3), np.float32)
    for dx in (0, 1):
        for dy in (0, 1):
            shifted = View(
                view.x + dx * view.width, view.y + dy * view.height, view.width, view.height
            )
            part = _finish(_world(plain, shifted, width, height), plain).rgb
            across = smooth(0.3, 0.7, u) if dx == 0 else 1 - smooth(0.3, 0.7, u)
            down = smooth(0.3, 0.7, v) if dy == 0 else 1 - smooth(0.3, 0.7, v)
            total += part * (across[None, :] * down[:, None])[..., None]
    return np.asarray(np.clip(total, 0, 1) * 255 + 0.5, np.uint8)
