"""Tell a picture in words: what can be read from its pixels, and from what it carries."""

from __future__ import annotations

import io
from dataclasses import dataclass
from math import gcd

import numpy as np
from PIL import Image

from gesso.painting.noise import F
from gesso.painting.original import decode
from gesso.painting.paint import Pixels

_HUES = (
    (20, "pink"), (50, "red"), (75, "orange"), (105, "golden yellow"), (140, "lime green"),
    (170, "green"), (210, "teal"), (285, "blue"), (320, "purple"), (345, "magenta"), (361, "pink"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What pixels say of a picture."""

    colours: tuple[str, ...]  #: The main ones, the most common first.
    light: str
    layout: str
    texture: str
    time: str
    mood: str


def describe(data: bytes) -> list[str]:
    """Return four different prompts for a picture file; one of ours tells its own first."""
    pixels = decode(data)
    look = look_at(pixels)
    suffix = f" --ar {aspect_of(pixels)}"
    first, second = look.colours[0], look.colours[1]
    lines = [
        f"{look.layout} in {first} and {second}, {look.light}, {look.time}, {look.texture}",
        f"a {look.mood} scene, {look.time}, with a palette of {', '.join(look.colours)}, "
        f"{look.texture}",
        f"{look.texture} of {look.layout}, dominated by {first}, accents of "
        f"{look.colours[-1]}, {look.light}",
        f"minimal poster in {first}, {second} and {look.colours[-1]}, {look.mood}, {look.layout}",
    ]
    own = own_words(data)
    if own:
        lines = [own, *lines[:3]]
    return [line + suffix for line in lines]


def own_words(data: bytes) -> str:
    """Return the prompt that a picture of the painter carries; empty for other pictures."""
    with Image.open(io.BytesIO(data)) as image:
        told = image.info.get("prompt")
        if told is None and image.format == "JPEG":
            told = image.info.get("comment", b"").decode("utf-8", "replace")
    return " ".join(str(told or "").split())[:2000]


def aspect_of(pixels: Pixels) -> str:
    """Return width to height in small whole numbers."""
    height, width = pixels.shape[:2]
    if max(width, height) // gcd(width, height) <= 21:
        return f"{width // gcd(width, height)}:{height // gcd(width, height)}"
    ratio = width / height
    pairs = [(w, h) for w in range(1, 22) for h in range(1, 22) if gcd(w, h) == 1]
    best = min(pairs, key=lambda p: abs(np.log(p[0] / p[1] / ratio)) + 0.002 * (p[0] + p[1]))
    return f"{best[0]}:{best[1]}"


def as_text(lines: list[str]) -> str:
    """Return the lines as people are shown them."""
    return "\n\n".join(f"{n}️⃣ {line}" for n, line in enumerate(lines, 1))


def look_at(pixels: Pixels) -> Look:
    """Read palette, light, layout, texture and time of day from pixels."""
    import cv2

    small = cv2.resize(pixels, (96, 96), interpolation=cv2.INTER_AREA)
    lab = np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    light, contrast = float(lab[..., 0].mean()), float(lab[..., 0].std())
    colours = _colours(np.asarray(small, np.uint8))
    warm = float(lab[..., 2].mean())
    chroma = float(np.hypot(lab[..., 1], lab[..., 2]).mean())
    return Look(
        colours=colours,
        light=_light(light, contrast),
        layout=_layout(lab),
        texture=_texture(pixels, chroma),
        time=_time(lab, light, warm),
        mood=_mood(light, chroma, contrast),
    )


def _colours(small: Pixels) -> tuple[str, ...]:
    import cv2

    few = Image.fromarray(small).quantize(8, Image.Quantize.MEDIANCUT)
    counts = np.bincount(np.asarray(few).ravel(), minlength=8)
    table = np.asarray(few.getpalette() or [0] * 24, np.uint8)[:24].reshape(-1, 3)
    lab = cv2.cvtColor(table[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    names: list[str] = []
    for i in np.argsort(-counts[: len(table)]):
        name = _colour(*(float(c) for c in lab[i]))
        if name not in names:
            names.append(name)
    spare = [n for n in ("soft grey", "muted grey") if n not in names]
    return tuple((names + spare)[:4] if len(names) < 3 else names[:4])


def _colour(light: float, a: float, b: float) -> str:
    if np.hypot(a, b) < 8:
        return "black" if light < 22 else "white" if light > 88 else "grey"
    hue = float(np.degrees(np.arctan2(b, a)) % 360)
    name = next(n for most, n in _HUES if hue < most)
    if name in {"orange", "red"} and light < 42:
        name = "brown"
    tone = "deep " if light < 36 else "pale " if light > 80 else ""
    return tone + name


def _light(light: float, contrast: float) -> str:
    if light < 30:
        return "low-key lighting with deep shadows"
    if light > 72:
        return "bright high-key lighting"
    return "strong contrast of light and shadow" if contrast > 24 else "soft even light"


def _layout(lab: F) -> str:
    top, bottom = lab[:32].mean(axis=(0, 1)), lab[64:].mean(axis=(0, 1))
    middle, edge = lab[28:80, 28:68].reshape(-1, 3), lab[:, :12].reshape(-1, 3)
    step = np.abs(np.diff(lab[..., 0].mean(axis=1)))
    horizon = int(step[16:80].argmax()) + 16
    stands = float(np.linalg.norm(middle.mean(axis=0) - edge.mean(axis=0)))
    stands += 0.5 * float(middle.std(axis=0).sum() - edge.std(axis=0).sum())
    subject = "a centred subject" if stands > 9 else ""
    if float(np.linalg.norm(top - bottom)) > 14:
        where = "high" if horizon < 40 else "low" if horizon > 60 else "level"
        view = f"a wide landscape with a {where} horizon"
        return f"{subject} before {view}" if subject else view
    return f"{subject} on an even background" if subject else "an all-over abstract composition"


def _texture(pixels: Pixels, chroma: float) -> str:
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scaled = cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA)
    fine = float(cv2.Laplacian(scaled, cv2.CV_32F).std())
    if fine < 5:
        return "smooth gradients and flat shapes"
    if fine < 16:
        return "soft painterly brushwork" if chroma > 14 else "fine matte grain"
    return "richly detailed illustration" if chroma > 14 else "crisp textured drawing"


def _time(lab: F, light: float, warm: float) -> str:
    sky = lab[:40]
    if light < 30:
        return "night"
    if float(sky[..., 2].mean()) > 12 and float(sky[..., 1].mean()) > 4:
        return "sunset"
    if float(sky[..., 2].mean()) < -6:
        return "clear daylight"
    return "golden hour" if warm > 14 else "dawn" if light > 70 else "overcast daylight"


def _mood(light: float, chroma: float, contrast: float) -> str:
    if light < 32:
        return "mysterious"
    if chroma > 32:
        return "vivid and lively"
    return "dramatic" if contrast > 26 else "calm and quiet"
