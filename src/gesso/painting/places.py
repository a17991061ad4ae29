"""The world around a subject: sky, land and weather, each a function of plane coordinates."""

from __future__ import annotations

import numpy as np

from gesso.painting.brief import Brief
from gesso.painting.canvas import Canvas, ellipse
from gesso.painting.noise import F, fbm, hashed, ridge, smooth, value
from gesso.painting.palette import Colour, Palette, mix
from gesso.painting.words import Scene, is_banned

_SNOW: Colour = (0.95, 0.97, 1.0)


def paint_place(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette) -> float:
    """Paint the whole world of a scene; returns the height of the ground line."""
    if scene.place == "abstract":
        _abstract(canvas, brief, palette)
        return 0.12
    if scene.place == "underwater":
        _underwater(canvas, brief, palette)
        return 0.30
    horizon = brief.between(-0.06, 0.10, "horizon")
    if scene.place == "space":
        _space(canvas, brief, palette)
        return 0.35
    paint_sky(canvas, brief, scene, palette, horizon)
    {
        "mountains": _mountains, "sea": _sea, "forest": _forest, "desert": _desert,
        "city": _city, "meadow": _meadow,
    }[scene.place](canvas, brief, scene, palette, horizon)  # fmt: skip
    return horizon


def paint_weather(
    canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, falling: bool = True
) -> None:
    """Lay fog over everything, and snow, leaves or rain unless they fall elsewhere."""
    if "fog" in scene.weather:
        veil = fbm(canvas.x * 2.2, canvas.y * 4.5, brief.salt("fog"), 4)
        canvas.lay(np.asarray(0.75 * smooth(0.35, 0.75, veil)), palette.sky_low)
    if falling:
        for kind in FALLING:
            if kind in scene.weather:
                paint_falling(canvas, brief, kind, ink_of_falling(kind, palette))


#: Weather that falls, in the order in which it is laid.
FALLING = ("snow", "autumn", "rain")


def ink_of_falling(kind: str, palette: Palette) -> Colour:
    """Return the colour of snow, leaves or rain."""
    if kind == "snow":
        return _SNOW
    return palette.sky_low if kind == "rain" else mix(palette.accent, (0.85, 0.4, 0.1), 0.7)


def paint_falling(canvas: Canvas, brief: Brief, kind: str, ink: Colour) -> None:
    """Lay snow, leaves or rain over everything."""
    if kind == "snow":
        for layer, (scale, radius) in enumerate(((16, 0.09), (28, 0.10), (46, 0.11))):
            flakes(canvas, brief.salt("flakes", layer), scale, radius, ink)
    elif kind == "autumn":
        flakes(canvas, brief.salt("leaves"), 14, 0.13, ink)
    else:
        streak = value((canvas.x + canvas.y * 0.16) * 190, canvas.y * 7, brief.salt("rain"))
        canvas.lay(np.asarray(0.30 * smooth(0.80, 0.96, streak)), ink)


def paint_sky(
    canvas: Canvas,
    brief: Brief,
    scene: Scene,
    palette: Palette,
    horizon: float,
    clouds: bool = True,
) -> None:
    """Paint the sky above a horizon: air, stars, sun or moon, and clouds."""
    t = smooth(-0.75, horizon + 0.04, canvas.y)
    canvas.lay(np.ones_like(t), palette.sky_top)
    canvas.lay(t, palette.sky_low)
    if palette.night:
        _stars(canvas, brief, 0.85)
    x = brief.between(-0.38, 0.38, "sun")
    y = horizon - brief.between(0.12, 0.36, "sun height")
    if scene.time != "storm" and not is_banned(brief, "moon" if palette.night else "sun"):
        _sun(canvas, palette, x, y, brief.between(0.045, 0.085, "sun size"))
    if clouds:
        paint_clouds(canvas, brief, scene, palette, horizon)


def _sun(canvas: Canvas, palette: Palette, x: float, y: float, radius: float) -> None:
    away = np.hypot(canvas.x - x, canvas.y - y)
    canvas.lay(np.asarray(0.55 * np.exp(-away * 3.4), np.float32), palette.glow)
    canvas.lay(canvas.edge(np.asarray(away - radius, np.float32)), palette.glow)
    if palette.night:  # A bite of shadow makes it a moon.
        bite = np.hypot(canvas.x - x - radius * 0.5, canvas.y - y + radius * 0.25)
        shade = canvas.edge(np.asarray(bite - radius * 0.92, np.float32))
        disc = canvas.edge(np.asarray(away - radius, np.float32))
        canvas.lay(np.asarray(0.82 * shade * disc, np.float32), palette.sky_top)


def paint_clouds(
    canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float
) -> None:
    """Paint the clouds alone, unless the prompt forbids them."""
    if is_banned(brief, "clouds"):
        return
    cover = {"storm": 0.34, "night": 0.60}.get(scene.time, 0.50)
    salt = brief.salt("clouds")
    body = fbm(canvas.x * 2.1, canvas.y * 5.2, salt, 5)
    lit = fbm(canvas.x * 2.1 + 0.05, canvas.y * 5.2 - 0.22, salt, 3)
    # Fewer towards the horizon, where clouds would be seen from the side.
    alpha = smooth(cover, cover + 0.24, body) * (1 - smooth(horizon - 0.22, horizon, canvas.y))
    canvas.lay(np.asarray(alpha * 0.85), mix(palette.sky_low, palette.glow, 0.35))
    canvas.lay(
        np.asarray(alpha * 0.55 * smooth(0.45, 0.75, lit)), mix(palette.sky_top, palette.far, 0.5)
    )


def _stars(canvas: Canvas, brief: Brief, bright: float) -> None:
    for layer, scale in enumerate((22.0, 46.0)):
        flakes(canvas, brief.salt("stars", layer), scale, 0.035, (1.0, 0.98, 0.92), bright, 0.55)


def flakes(
    canvas: Canvas,
    salt: int,
    scale: float,
    radius: float,
    ink: Colour,
    bright: float = 0.9,
    share: float = 0.8,
) -> None:
    """Scatter soft dots, at most one per cell of the plane."""
    u, v = canvas.x * scale, canvas.y * scale
    ix, iy = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    cx = ix + 0.25 + 0.5 * hashed(ix, iy, salt)
    cy = iy + 0.25 + 0.5 * hashed(ix, iy, salt + 1)
    size = radius * (0.4 + 1.2 * hashed(ix, iy, salt + 2))
    there = hashed(ix, iy, salt + 3) < share
    away = np.hypot(u - cx, v - cy)
    canvas.lay(np.asarray(bright * there * (1 - smooth(0.0, 1.0, away / size)), np.float32), ink)


def land(
    canvas: Canvas, line: F, ink: Colour, low: Colour, depth: float, grain: F | None = None
) -> None:
    """Fill everything below a line over x, fading into another colour further down."""
    d = np.asarray(line - canvas.y, np.float32)
    colour = (
        np.asarray(ink, np.float32)
        + (np.asarray(low, np.float32) - np.asarray(ink, np.float32))
        * smooth(0.0, depth, -d)[..., None]
    )
    if grain is not None:
        colour = colour * (1 + grain[..., None])
    if canvas.outline:
        canvas.lay(canvas.edge(d - np.float32(canvas.outline)), canvas.outline_ink)
    canvas.lay(canvas.edge(d), np.asarray(colour, np.float32))


def grain_of(canvas: Canvas, brief: Brief, wide: float, high: float, strength: float) -> F:
    """Return the unevenness of a surface; none for flat styles."""
    if brief.niji or brief.stylize < 30:
        return np.zeros_like(canvas.x)
    much = strength * min(1.6, 0.4 + brief.stylize / 400)
    noise = fbm(canvas.x * wide, canvas.y * high, brief.salt("grain", wide), 4) - 0.5
    return np.asarray(much * noise, np.float32)


def _mountains(
    canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float
) -> None:
    row = canvas.x[:1]
    layers = 3 + brief.stylize // 260
    snowy = "snow" in scene.weather or brief.number("caps") < 0.6
    for layer in range(layers):
        near = layer / max(1, layers - 1)
        peaks = ridge(row * (1.7 + 1.4 * near), brief.salt("ridge", layer), 6)
        sharp = 1 - np.abs(2 * peaks - 1)
        height = (0.40 - 0.24 * near) * (0.55 * peaks + 0.45 * sharp)
        line = np.asarray(horizon + 0.10 * near + 0.05 - height, np.float32)
        ink = mix(palette.far, mix(palette.near, palette.ground, 0.35), near)
        grain = grain_of(canvas, brief, 9, 16, 0.30)
        land(canvas, line, ink, mix(ink, palette.sky_low, 0.45), 0.30, grain)
        if snowy and near < 0.7:
            rough = 0.05 * (fbm(canvas.x * 14, canvas.y * 14, brief.salt("cap", layer), 4) - 0.5)
            below = canvas.y - line
            cap = smooth(-0.002, 0.002, below) * (1 - smooth(0.03, 0.075, below + 2.2 * rough))
            high = smooth(0.0, 0.14, horizon - 0.02 - line)
            canvas.lay(
                np.asarray(0.85 * cap * high, np.float32), mix(_SNOW, palette.far, 0.25 * near)
            )
    _front(canvas, brief, scene, palette, horizon + 0.13)


def _front(
    canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, y: float, trees: bool = True
) -> None:
    """The ground that subjects stand on, with a row of firs behind it."""
    row = canvas.x[:1]
    if trees and not is_banned(brief, "forest") and scene.weather.isdisjoint({"desert"}):
        firs(
            canvas,
            brief,
            scene,
            palette,
            y + 0.015,
            16.0,
            0.085,
            mix(palette.near, palette.far, 0.25),
        )
    line = np.asarray(y + 0.05 * (ridge(row * 2.2, brief.salt("front"), 4) - 0.5), np.float32)
    grain = grain_of(canvas, brief, 24, 60, 0.32)
    land(canvas, line, palette.ground, mix(palette.ground, palette.near, 0.42), 0.5, grain)
    drift = fbm(canvas.x * 3.5, canvas.y * 12, brief.salt("drift"), 3)
    below = smooth(0.0, 0.05, canvas.y - line)
    canvas.lay(
        np.asarray(0.22 * below * smooth(0.52, 0.72, drift)),
        mix(palette.ground, palette.sky_low, 0.6),
    )


def firs(
    canvas: Canvas,
    brief: Brief,
    scene: Scene,
    palette: Palette,
    foot: float,
    density: float,
    height: float,
    ink: Colour,
) -> None:
    """A row of firs, one per cell of x, each a stack of saw teeth."""
    inner, there = canvas.part(-1e9, foot - height * 1.7, 1e9, foot + 0.02)
    if not there:
        return
    salt = brief.salt("firs", foot)
    alpha = np.zeros_like(inner.x)
    for shift in (0.0, 0.5):
        u = inner.x * density + shift
        cell = np.floor(u).astype(np.int64)
        tall = height * (0.55 + 0.9 * hashed(cell, cell * 0, salt + int(shift * 10)))
        off = (u - cell - 0.5 - 0.3 * (hashed(cell, cell * 0, salt + 7) - 0.5)) / density
        t = (foot - inner.y) / tall
        teeth = 0.75 + 0.45 * (1 - (t * 5.5 - np.floor(t * 5.5)))
        half = 0.26 * tall * (1 - t) * teeth
        d = np.where((t < 0) | (t > 1), 1.0, np.abs(off) - half)
        alpha = np.maximum(alpha, inner.edge(np.asarray(d, np.float32)))
    inner.lay(np.asarray(alpha, np.float32), ink)
    if "snow" in scene.weather:
        frost = value(inner.x * 130, inner.y * 90, salt)
        inner.lay(np.asarray(0.55 * alpha * smooth(0.55, 0.8, frost)), _SNOW)


def _forest(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float) -> None:
    for layer in range(4):
        near = layer / 3
        ink = mix(mix(palette.far, palette.ground, 0.35), palette.near, near)
        foot = horizon + 0.02 + 0.07 * layer
        firs(canvas, brief, scene, palette, foot, 13 - 2.4 * layer, 0.22 + 0.12 * layer, ink)
        row = canvas.x[:1]
        line = np.asarray(
            foot - 0.01 + 0.02 * ridge(row * 3, brief.salt("floor", layer), 3), np.float32
        )
        land(canvas, line, mix(ink, palette.ground, 0.5), ink, 0.25)
        canvas.lay(
            np.asarray(0.30 * (1 - near) * smooth(foot - 0.20, foot, canvas.y), np.float32),
            palette.sky_low,
        )
    _front(canvas, brief, scene, palette, horizon + 0.20, trees=False)


def _sea(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float) -> None:
    row = canvas.x[:1]
    hills = ridge(row * 2.3, brief.salt("coast"), 5)
    line = np.asarray(horizon + 0.035 - 0.16 * smooth(0.5, 0.85, hills), np.float32)
    land(canvas, line, palette.far, mix(palette.far, palette.sky_low, 0.4), 0.2)
    depth = canvas.y - np.float32(horizon)
    water = np.full_like(row, horizon)
    land(
        canvas,
        water,
        mix(palette.sky_low, palette.ground, 0.45),
        mix(palette.ground, palette.near, 0.4),
        0.6,
    )
    # Waves get wider towards the viewer.
    far = np.maximum(depth, 1e-3)
    waves = fbm(canvas.x * 3.2 / (far + 0.10), np.log(far + 0.02) * 14, brief.salt("waves"), 4)
    wet = smooth(0.0, 0.004, depth)
    canvas.lay(np.asarray(0.50 * wet * smooth(0.56, 0.74, waves), np.float32), palette.sky_low)
    canvas.lay(np.asarray(0.35 * wet * smooth(0.56, 0.36, waves), np.float32) * 0.6, palette.near)
    sun = brief.between(-0.38, 0.38, "sun")
    path = np.exp(-(((canvas.x - sun) / (0.05 + 0.25 * far)) ** 2))
    canvas.lay(np.asarray(0.65 * wet * path * smooth(0.48, 0.66, waves), np.float32), palette.glow)
    if scene.subjects and scene.subjects[0] in {"lighthouse", "house", "castle"}:
        _front(canvas, brief, scene, palette, horizon + 0.24, trees=False)


def _desert(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float) -> None:
    row = canvas.x[:1]
    for layer in range(4):
        near = layer / 3
        waves = ridge(row * (1.3 + layer * 0.5), brief.salt("dune", layer), 3)
        line = np.asarray(horizon + 0.02 + 0.11 * layer - 0.17 * waves, np.float32)
        light = mix(palette.ground, palette.glow, 0.45 - 0.3 * near)
        ripples = 0.05 * np.sin((canvas.y * 90 + 5 * waves + 14 * canvas.x) * (1 - 0.35 * near))
        grain = grain_of(canvas, brief, 30, 60, 0.12) + (0 if brief.niji else ripples)
        land(
            canvas,
            line,
            light,
            mix(palette.ground, palette.near, 0.28),
            0.28,
            np.asarray(grain, np.float32),
        )


def _meadow(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float) -> None:
    row = canvas.x[:1]
    for layer in range(4):
        near = layer / 3
        hills = ridge(row * (1.2 + 0.4 * layer), brief.salt("hill", layer), 4)
        line = np.asarray(
            horizon + 0.03 + 0.085 * layer - 0.15 * hills * (1 - 0.4 * near), np.float32
        )
        ink = mix(mix(palette.far, palette.ground, 0.5), palette.ground, near)
        grain = grain_of(canvas, brief, 40, 110, 0.30)
        land(canvas, line, mix(ink, palette.glow, 0.16), mix(ink, palette.near, 0.34), 0.34, grain)
    if "snow" not in scene.weather and not is_banned(brief, "flowers"):
        field, there = canvas.part(-1e9, horizon + 0.16, 1e9, 1e9)
        if there:
            for layer, scale in enumerate((26.0, 17.0)):
                ink = (palette.accent, mix(palette.accent, palette.glow, 0.6))[layer]
                flakes(field, brief.salt("blossom", layer), scale, 0.20, ink, 0.95, 0.34)


def _city(canvas: Canvas, brief: Brief, scene: Scene, palette: Palette, horizon: float) -> None:
    foot = horizon + 0.16
    for layer in range(3):
        near = layer / 2
        density = 10.0 - 2.6 * layer
        salt = brief.salt("block", layer)
        u = canvas.x * density + 0.37 * layer
        cell = np.floor(u).astype(np.int64)
        tall = (0.14 + 0.42 * hashed(cell, cell * 0, salt) ** 1.5) * (1 - 0.25 * near)
        off = np.abs(u - cell - 0.5) / density
        half = (0.34 + 0.14 * hashed(cell, cell * 0, salt + 1)) / density
        top = foot - tall
        d = np.maximum(off - half, np.maximum(top - canvas.y, canvas.y - foot))
        wall = canvas.edge(np.asarray(d, np.float32))
        ink = mix(palette.far, palette.near, 0.25 + 0.7 * near)
        canvas.lay(wall, ink)
        wx, wy = u * 9, canvas.y * density * 7
        ix, iy = np.floor(wx).astype(np.int64), np.floor(wy).astype(np.int64)
        glass = (np.abs(wx - ix - 0.5) < 0.30) & (np.abs(wy - iy - 0.5) < 0.26)
        lit = hashed(ix, iy, salt + 5) < (0.55 if palette.night or scene.style == "neon" else 0.22)
        inside = canvas.edge(np.asarray(d + 0.006, np.float32))
        tone = mix(palette.glow, palette.accent, 0.25 + 0.3 * near)
        canvas.lay(np.asarray(0.85 * inside * glass * lit, np.float32), tone)
        canvas.lay(
            np.asarray(0.25 * smooth(foot - 0.20, foot, canvas.y) * (1 - near)), palette.sky_low
        )
    line = np.full_like(canvas.x[:1], foot)
    land(canvas, line, mix(palette.ground, palette.near, 0.3), palette.near, 0.5)
    shine = value(canvas.x * 26, canvas.y * 3.0, brief.salt("wet"))
    wet = smooth(foot, foot + 0.03, canvas.y)
    canvas.lay(
        np.asarray(0.30 * wet * smooth(0.62, 0.9, shine)), mix(palette.glow, palette.accent, 0.5)
    )


def _space(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    deep = mix(palette.sky_top, (0.02, 0.02, 0.06), 0.82)
    canvas.lay(np.ones_like(canvas.x), deep)
    warp = fbm(canvas.x * 1.6, canvas.y * 1.6, brief.salt("warp"), 3)
    cloud = fbm(canvas.x * 1.9 + warp * 1.7, canvas.y * 1.9 - warp, brief.salt("nebula"), 5)
    canvas.lay(np.asarray(0.70 * smooth(0.44, 0.78, cloud)), mix(palette.accent, deep, 0.25))
    canvas.lay(np.asarray(0.55 * smooth(0.52, 0.86, warp * 0.4 + cloud * 0.6)), palette.sky_low)
    _stars(canvas, brief, 1.0)
    for number in range(2):
        x, y = (
            brief.between(-0.42, 0.42, "planet", number),
            brief.between(-0.36, 0.22, "py", number),
        )
        planet(
            canvas,
            brief,
            palette,
            x,
            y,
            brief.between(0.07, 0.20, "pr", number) / (1 + number),
            number,
        )


def planet(
    canvas: Canvas, brief: Brief, palette: Palette, x: float, y: float, r: float, number: int
) -> None:
    """Paint one planet, lit from the upper left."""
    inner, there = canvas.part(x - 2.2 * r, y - 2.2 * r, x + 2.2 * r, y + 2.2 * r)
    if not there:
        return
    away = np.hypot(inner.x - x, inner.y - y)
    bands = fbm((inner.x - x) * 2 / r, (inner.y - y) * 9 / r, brief.salt("bands", number), 4)
    a, b = (palette.body, palette.glow) if number == 0 else (palette.accent, palette.far)
    colour = (
        np.asarray(a, np.float32)
        + (np.asarray(b, np.float32) - np.asarray(a, np.float32))
        * smooth(0.35, 0.7, bands)[..., None]
    )
    dark = smooth(-0.5, 1.1, ((inner.x - x) * 0.7 + (inner.y - y) * 0.7) / r)
    inner.lay(
        np.asarray(0.35 * np.exp(-np.maximum(away - r, 0) * 9 / r), np.float32), mix(a, b, 0.5)
    )
    inner.lay(
        inner.edge(np.asarray(away - r, np.float32)),
        np.asarray(colour * (1 - 0.85 * dark)[..., None], np.float32),
    )
    if brief.number("ring", number) < 0.5:
        ring = np.abs(ellipse(inner.x, inner.y, x, y, 1.75 * r, 0.42 * r, -0.3)) - 0.06 * r
        front = (inner.y > y + (inner.x - x) * -0.31) | (away > r)
        inner.lay(
            np.asarray(0.8 * inner.edge(np.asarray(ring, np.float32)) * front, np.float32),
            palette.glow,
        )


def _underwater(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    t = smooth(-0.7, 0.6, canvas.y)
    canvas.lay(np.ones_like(t), mix(palette.sky_low, (0.35, 0.80, 0.85), 0.55))
    canvas.lay(t, mix(palette.sky_top, (0.02, 0.18, 0.34), 0.65))
    beams = value((canvas.x + 0.45 * canvas.y) * 7, canvas.y * 0.3, brief.salt("beams"))
    canvas.lay(np.asarray(0.30 * smooth(0.55, 0.9, beams) * (1 - t)), palette.glow)
    row = canvas.x[:1]
    for layer in range(3):
        rocks = ridge(row * (2.2 + layer), brief.salt("reef", layer), 5)
        line = np.asarray(0.24 + 0.11 * layer - 0.20 * rocks, np.float32)
        ink = mix(
            mix(palette.sky_top, (0.05, 0.3, 0.45), 0.5),
            mix(palette.accent, palette.near, 0.45),
            layer / 2,
        )
        land(
            canvas,
            line,
            ink,
            mix(ink, palette.near, 0.5),
            0.3,
            grain_of(canvas, brief, 22, 22, 0.5),
        )
    for layer, scale in enumerate((9.0, 15.0)):
        flakes(
            canvas,
            brief.salt("bubbles", layer),
            scale,
            0.10,
            mix(palette.sky_low, (1, 1, 1), 0.5),
            0.5,
            0.3,
        )


def _abstract(canvas: Canvas, brief: Brief, palette: Palette) -> None:
    scale = brief.between(1.1, 2.6, "scale")
    ax = fbm(canvas.x * scale, canvas.y * scale, brief.salt("a"), 4)
    ay = fbm(canvas.x * scale + 5.2, canvas.y * scale + 1.3, brief.salt("b"), 4)
    flow = fbm(canvas.x * scale + 3.4 * ax, canvas.y * scale + 3.4 * ay, brief.salt("c"), 5)
    canvas.lay(np.ones_like(flow), palette.sky_top)
    for low, ink in (
        (0.30, palette.sky_low), (0.42, palette.accent), (0.52, palette.body),
        (0.60, palette.glow), (0.70, palette.near),
    ):  # fmt: skip
        canvas.lay(smooth(low, low + 0.09, flow), ink)
    lines = np.abs((flow * 24) % 1 - 0.5)
    canvas.lay(np.asarray(0.25 * (1 - smooth(0.0, 0.10, lines)), np.float32), palette.glow)
