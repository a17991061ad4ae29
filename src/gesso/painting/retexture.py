"""Give a picture the palette and the surface of a prompt; its layout stays."""

from __future__ import annotations

import numpy as np

from gesso.painting.brief import Brief
from gesso.painting.noise import F, fbm
from gesso.painting.paint import Pixels
from gesso.painting.palette import Colour, Palette, choose
from gesso.painting.words import understand


def retexture(pixels: Pixels, brief: Brief) -> Pixels:
    """Return the picture repainted: light and edges of the old one, colours of the words."""
    import cv2

    smooth = cv2.bilateralFilter(pixels, 9, 40, 9)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    scene = understand(brief)
    palette = choose(brief, scene)
    colours = _toned(np.asarray(lab, np.float32), palette)
    colours *= _surface(pixels, brief, scene.style)[..., None]
    return np.asarray(np.clip(colours * 255 + 0.5, 0, 255), np.uint8)


def _toned(lab: F, palette: Palette) -> F:
    """Map dark to light through the palette, and strong colours to its accents."""
    ramp = sorted(
        (palette.near, palette.ground, palette.far, palette.sky_top, palette.sky_low, palette.glow),
        key=_luma,
    )
    light = lab[..., 0] / 100
    # The palette is spread over the lights that the picture has.
    low, high = np.percentile(light, (2, 98))
    place = np.clip((light - low) / max(high - low, 0.05), 0, 1)
    table = np.asarray(ramp, np.float32)
    steps = np.linspace(0, 1, len(ramp))
    toned = np.stack([np.interp(place, steps, table[:, c]) for c in range(3)], axis=-1)
    for goal, hue in ((palette.body, 40.0), (palette.accent, 220.0)):
        lit = np.asarray(goal) * (0.45 + 0.8 * light[..., None])
        toned += _strength(lab, hue)[..., None] * (lit - toned)
    kept = np.asarray(toned, np.float32)
    # What the eye reads as form is light: it is taken over from the picture.
    own = kept @ np.asarray((0.30, 0.59, 0.11), np.float32)
    gain = (0.25 + 0.75 * (light + 0.06) / (own + 0.06)).clip(0.4, 1.9)
    return np.asarray(kept * gain[..., None], np.float32)


def _strength(lab: F, hue: float) -> F:
    """Return where a picture has a strong colour on one half of the circle (0–1)."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    angle = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) - hue
    near = np.clip(np.cos(np.radians(angle)) * 1.6, 0, 1)
    return np.asarray(0.8 * np.clip((chroma - 18) / 40, 0, 1) * near, np.float32)


def _luma(colour: Colour) -> float:
    return 0.30 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def _surface(pixels: Pixels, brief: Brief, style: str) -> F:
    """Return a brightness around 1: edges of the picture, and strokes that follow its forms."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    soft = cv2.GaussianBlur(grey, (0, 0), 2.2)
    edges = np.clip(1 + 1.5 * (grey - soft), 0.5, 1.5)
    flow = cv2.GaussianBlur(grey, (0, 0), 5)
    angle = np.arctan2(cv2.Sobel(flow, cv2.CV_32F, 0, 1), cv2.Sobel(flow, cv2.CV_32F, 1, 0))
    side = float(max(grey.shape))
    rows, columns = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]].astype(np.float32) / side
    turn = fbm(columns * 3, rows * 3, brief.salt("turn"), 2) * 5 + 0.2 * np.cos(angle)
    along = (columns * np.cos(turn) + rows * np.sin(turn)) * 26
    across = (rows * np.cos(turn) - columns * np.sin(turn)) * 130
    stroke = fbm(np.asarray(along, np.float32), np.asarray(across, np.float32), 5, 3) - 0.5
    much = {"oil": 0.75, "watercolor": 0.30, "line": 0.15, "minimal": 0.05}.get(style, 0.38)
    if style == "watercolor":
        stroke = fbm(columns * 9, rows * 9, brief.salt("pool"), 5) - 0.5
        much = 0.6
    return np.asarray(edges * (1 + much * stroke), np.float32)
