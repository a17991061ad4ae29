"""Larger pictures: the same window of the plane with more pixels, or good resampling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gesso.painting.brief import Window
from gesso.painting.noise import value
from gesso.painting.original import Original
from gesso.painting.paint import Pixels, render
from gesso.painting.recipe import Recipe

#: Rows that are sharpened at a time; bounds memory as bands do in `paint`.
_ROWS = 256


def enlarged(recipe: Recipe, factor: int, creative: bool) -> Recipe:
    """Return the recipe of the same view with `factor` times the width and height."""
    old = recipe.window
    window = Window(
        old.px / factor,
        old.column * factor,
        old.row * factor,
        old.width * factor,
        old.height * factor,
    )
    return replace(recipe, window=window, detail=recipe.detail + 2 * creative)


def upscale(original: Original, factor: int, creative: bool) -> Pixels:
    """Return the enlarged picture; on two threads, since it is one picture alone."""
    if original.pixels is None:
        return render(enlarged(original.recipe, factor, creative), threads=2)
    return _resampled(original.pixels, factor, creative)


def _resampled(pixels: Pixels, factor: int, creative: bool) -> Pixels:
    import cv2

    height, width = pixels.shape[:2]
    size = (width * factor, height * factor)
    out = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)
    soft = np.asarray(cv2.GaussianBlur(out, (0, 0), 0.6 * factor), np.uint8)
    for top in range(0, out.shape[0], _ROWS):
        band = out[top : top + _ROWS].astype(np.float32)
        low = soft[top : top + _ROWS]
        sharp = band + 0.45 * (band - low)
        if creative:
            # New texture goes where there is texture, and not into plain sky.
            busy = np.clip(np.abs(band - low).mean(axis=2) / 6, 0, 1)
            rows, columns = np.mgrid[top : top + band.shape[0], 0 : size[0]].astype(np.float32)
            fine = value(columns / 1.7, rows / 1.7, 71) + value(columns / 3.1, rows / 3.1, 72) - 1
            sharp += (9 * (0.25 + busy) * fine)[..., None]
        out[top : top + _ROWS] = np.clip(sharp + 0.5, 0, 255).astype(np.uint8)
    return out
