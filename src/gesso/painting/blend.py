"""Mix two to five pictures into one: real pixels of all, one palette, many-band seams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gesso.painting.brief import unit
from gesso.painting.noise import F, fbm
from gesso.painting.paint import Pixels

ASPECTS = {"PORTRAIT": (2, 3), "SQUARE": (1, 1), "LANDSCAPE": (3, 2)}


def blend(pictures: Sequence[Pixels], width: int, height: int, seed: int) -> Pixels:
    """Return one picture in which every given one shows in patches; the seed moves these."""
    fitted = [fit(p, width, height) for p in pictures]
    unified = _one_palette(fitted)
    return _many_bands(unified, _shares(unified, seed))


def fit(picture: Pixels, width: int, height: int) -> Pixels:
    """Return the middle of a picture in another size; a little above it in a tall one."""
    import cv2

    old_height, old_width = picture.shape[:2]
    factor = max(width / old_width, height / old_height)
    size = (max(width, round(old_width * factor)), max(height, round(old_height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    large = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    left, top = (size[0] - width) // 2, round((size[1] - height) * 0.45)
    return large[top : top + height, left : left + width]


def _one_palette(pictures: Sequence[Pixels]) -> list[F]:
    """Bring all pictures half of the way to their common light and colour."""
    import cv2

    labs = [cv2.cvtColor(p.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for p in pictures]
    means = np.stack([lab.mean(axis=(0, 1)) for lab in labs])
    spreads = np.stack([lab.std(axis=(0, 1)) + 3 for lab in labs])
    mean, spread = means.mean(axis=0), spreads.mean(axis=0)
    out = []
    for lab, own_mean, own_spread in zip(labs, means, spreads, strict=True):
        goal_mean, goal_spread = (own_mean + mean) / 2, (own_spread + spread) / 2
        moved = (lab - own_mean) * (goal_spread / own_spread) + goal_mean
        moved[..., 0] = np.clip(moved[..., 0], 0, 100)
        out.append(cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_LAB2RGB))
    return out


def _shares(pictures: Sequence[F], seed: int) -> list[F]:
    """Return how much of each picture shows where; they add up to 1 in every pixel."""
    height, width = pictures[0].shape[:2]
    side = max(width, height)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) / np.float32(side)
    columns -= np.float32(width / side / 2)
    rows -= np.float32(height / side / 2)
    turn = 2 * np.pi * unit("side", seed)
    scores = []
    for number, picture in enumerate(pictures):
        angle = turn + 2 * np.pi * number / len(pictures)
        lean = columns * np.cos(angle) + rows * np.sin(angle)
        patches = fbm(columns * 3.2, rows * 3.2, (seed + 977 * number) % 2**31, 3) - 0.5
        scores.append(5.5 * lean + 5.0 * patches + 2.6 * _interest(picture))
    stacked = np.stack(scores) * np.float32(2.2)
    stacked -= stacked.max(axis=0)
    weights = np.exp(stacked)
    # A trace of each picture everywhere holds the patches together.
    weights = 0.86 * weights / weights.sum(axis=0) + 0.14 / len(pictures)
    return list(np.asarray(weights, np.float32))


def _interest(picture: F) -> F:
    """Return where a picture has something to show (0–1): what differs from its usual colour."""
    import cv2

    away = np.abs(picture - np.median(picture, axis=(0, 1))).mean(axis=2)
    soft = cv2.GaussianBlur(away.astype(np.float32), (0, 0), max(picture.shape[:2]) / 24)
    return np.asarray(soft / max(float(soft.max()), 1e-6), np.float32)


def _many_bands(pictures: Sequence[F], shares: Sequence[F]) -> Pixels:
    """Mix coarse parts softly and fine parts sharply, so that no seam shows."""
    import cv2

    levels = max(1, int(np.log2(min(pictures[0].shape[:2]))) - 3)
    rest, masks = [np.asarray(p, np.float32) for p in pictures], list(shares)
    bands = []
    for _ in range(levels):
        smaller = [cv2.pyrDown(one) for one in rest]
        size = (rest[0].shape[1], rest[0].shape[0])
        fine = [one - cv2.pyrUp(low, dstsize=size) for one, low in zip(rest, smaller, strict=True)]
        bands.append(_mixed(fine, masks))
        rest = [np.asarray(one, np.float32) for one in smaller]
        masks = [np.asarray(cv2.pyrDown(mask), np.float32) for mask in masks]
    picture = _mixed(rest, masks)
    for band in reversed(bands):
        picture = cv2.pyrUp(picture, dstsize=(band.shape[1], band.shape[0])) + band
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def _mixed(pictures: Sequence[F], masks: Sequence[F]) -> F:
    parts = [p * m[..., None] for p, m in zip(pictures, masks, strict=True)]
    return np.asarray(np.sum(parts, axis=0), np.float32)
