"""Variations of pictures that came without a recipe: their own pixels, bent and recoloured."""

from __future__ import annotations

import math

import numpy as np

from gesso.painting.brief import unit
from gesso.painting.noise import fbm
from gesso.painting.original import Original
from gesso.painting.paint import Pixels


def vary(original: Original, how: str, seed: int) -> Pixels:
    """Return a picture whose shapes and colours are moved a little (subtle) or far (strong)."""
    import cv2

    assert original.pixels is not None
    pixels = original.pixels
    height, width = pixels.shape[:2]
    strong = how == "strong"
    side = min(width, height)
    much = side * (0.085 if strong else 0.012)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = columns / np.float32(side) * 2.4, rows / np.float32(side) * 2.4
    dx = (fbm(u, v, seed % 2**31, 3) - 0.5) * 2 * np.float32(much)
    dy = (fbm(u + 9, v - 4, seed % 2**31, 3) - 0.5) * 2 * np.float32(much)
    if strong and unit("flip", seed) < 0.5:
        columns = width - 1 - columns
    moved = cv2.remap(
        pixels, columns + dx, rows + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return _recoloured(np.asarray(moved, np.uint8), seed, strong)


def _recoloured(pixels: Pixels, seed: int, strong: bool) -> Pixels:
    import cv2

    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    turn = math.radians((unit("turn", seed) - 0.5) * (110 if strong else 12))
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1] = a * math.cos(turn) - b * math.sin(turn)
    lab[..., 2] = a * math.sin(turn) + b * math.cos(turn)
    lift = (unit("lift", seed) - 0.5) * (14 if strong else 3)
    lab[..., 0] = np.clip(lab[..., 0] + lift, 0, 100)
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(rgb * 255 + 0.5, 0, 255), np.uint8)
