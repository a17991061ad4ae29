"""Colours that go together: a mood's palette in OKLCH, where equal steps look equal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gesso.painting.brief import Brief
from gesso.painting.words import Scene, banned_hues

Colour = tuple[float, float, float]


def oklch(light: float, chroma: float, hue: float) -> Colour:
    """Return the sRGB colour (0–1) of a lightness, a chroma and a hue in degrees."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l_ = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encode(4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_),
        _encode(-1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_),
        _encode(-0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_),
    )


def _encode(linear: float) -> float:
    c = min(1.0, max(0.0, linear))
    return 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """Return the colour a part of the way from one to another."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture."""

    sky_top: Colour
    sky_low: Colour
    glow: Colour  #: Light near the sun, and lit edges.
    far: Colour  #: Distant hills, nearly the colour of the air.
    near: Colour  #: Dark foreground.
    ground: Colour
    accent: Colour  #: Flowers, roofs, sails.
    body: Colour  #: The subject.
    night: bool


#: Sky top, sky low, glow as (lightness, chroma, hue).
_SKIES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "day": ((0.68, 0.11, 245), (0.92, 0.04, 225), (0.98, 0.05, 95)),
    "dawn": ((0.72, 0.08, 285), (0.90, 0.07, 45), (0.96, 0.08, 75)),
    "sunset": ((0.46, 0.12, 300), (0.80, 0.14, 50), (0.93, 0.13, 75)),
    "night": ((0.20, 0.06, 275), (0.36, 0.07, 265), (0.93, 0.03, 95)),
    "storm": ((0.40, 0.03, 250), (0.66, 0.03, 230), (0.85, 0.03, 210)),
}
_GROUNDS: dict[str, tuple[float, float, float]] = {
    "mountains": (0.50, 0.06, 160),
    "sea": (0.52, 0.09, 225),
    "forest": (0.42, 0.08, 145),
    "desert": (0.74, 0.10, 70),
    "city": (0.34, 0.03, 270),
    "meadow": (0.64, 0.13, 130),
    "space": (0.30, 0.05, 290),
    "underwater": (0.62, 0.06, 95),
    "abstract": (0.60, 0.12, 20),
}
_BODIES: dict[str, tuple[float, float, float]] = {
    "fox": (0.64, 0.17, 48), "cat": (0.62, 0.10, 60), "dog": (0.55, 0.08, 65),
    "rabbit": (0.80, 0.03, 70), "bear": (0.42, 0.06, 55), "owl": (0.50, 0.07, 60),
    "deer": (0.54, 0.09, 58), "fish": (0.70, 0.17, 45), "whale": (0.46, 0.07, 250),
    "butterfly": (0.66, 0.16, 320), "dragon": (0.52, 0.14, 150), "person": (0.45, 0.11, 20),
    "astronaut": (0.92, 0.01, 240), "robot": (0.70, 0.03, 220), "tree": (0.52, 0.12, 140),
    "flower": (0.68, 0.18, 10), "mushroom": (0.56, 0.19, 28), "house": (0.84, 0.05, 75),
    "castle": (0.66, 0.03, 70), "lighthouse": (0.95, 0.01, 90), "boat": (0.50, 0.08, 50),
    "balloon": (0.64, 0.18, 30), "rocket": (0.90, 0.01, 240), "car": (0.58, 0.18, 28),
    "cup": (0.90, 0.03, 80),
}  # fmt: skip


def choose(brief: Brief, scene: Scene) -> Palette:
    """Return the palette of a scene, moved by words, tile, chaos, weird and image prompts."""
    key = scene.time if scene.time in _SKIES else "day"
    apart = brief.chaos / 100
    turn = 26 * (brief.word("turn") - 0.5) + (12 + 150 * apart) * (brief.number("turn") - 0.5)
    turn += brief.weird / 3000 * 260 * (brief.number("weird") - 0.3)
    rich = (0.75 + brief.stylize / 420) if not brief.raw else 0.8
    rich *= 1.25 if brief.niji or scene.style == "neon" else 1.0
    sky = [_shade(brief, light, c * rich, h + turn) for light, c, h in _SKIES[key]]
    dim = {"night": 0.55, "storm": 0.75, "sunset": 0.8}.get(key, 1.0)
    ground_l, ground_c, ground_h = _GROUNDS[scene.place]
    if "snow" in scene.weather:
        ground_l, ground_c, ground_h = 0.95, 0.015, 240
    elif "autumn" in scene.weather:
        ground_c, ground_h = 0.12, 62
    ground = _shade(brief, ground_l * dim, ground_c * rich, ground_h + turn * 0.5)
    near = _shade(brief, 0.24 * dim + 0.06, 0.05 * rich, 265 + turn)
    accent = _shade(brief, 0.68 * dim + 0.1, 0.17 * rich, 360 * brief.word("accent") + turn)
    palette = Palette(
        sky[0], sky[1], sky[2], mix(sky[1], near, 0.28), near, ground, accent,
        _body(brief, scene, turn, dim), key == "night",
    )  # fmt: skip
    return _tinted(palette, brief.tints)


def _body(brief: Brief, scene: Scene, turn: float, dim: float) -> Colour:
    subject = scene.subjects[0] if scene.subjects else "flower"
    light, chroma, hue = _BODIES[subject]
    if scene.hue is not None:
        hue, chroma = scene.hue, max(chroma, 0.15)
    elif scene.plain:
        light = {"white": 0.95, "black": 0.25, "grey": 0.65, "brown": 0.45}[scene.plain]
        chroma = 0.05 if scene.plain == "brown" else 0.01
    return _shade(brief, light * (0.45 + 0.55 * dim), chroma, hue + turn * 0.15)


def _shade(brief: Brief, light: float, chroma: float, hue: float) -> Colour:
    for forbidden in banned_hues(brief):
        away = (hue - forbidden + 180) % 360 - 180
        if abs(away) < 45:  # Step out of the forbidden part of the circle.
            hue = forbidden + math.copysign(75, away or 1)
            chroma *= 0.7
    return oklch(light, chroma, hue)


def _tinted(palette: Palette, tints: tuple[Colour, ...]) -> Palette:
    if not tints:
        return palette
    pick = [tints[i % len(tints)] for i in range(5)]
    return Palette(
        mix(palette.sky_top, pick[0], 0.6),
        mix(palette.sky_low, pick[1], 0.5),
        mix(palette.glow, pick[1], 0.3),
        mix(palette.far, pick[2], 0.5),
        mix(palette.near, pick[3], 0.4),
        mix(palette.ground, pick[2], 0.6),
        mix(palette.accent, pick[4], 0.6),
        mix(palette.body, pick[4], 0.25),
        palette.night,
    )
