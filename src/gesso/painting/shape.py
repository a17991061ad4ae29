"""Masks: read from a PNG, kept as a coarse bitmap, and laid over any window of the plane."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gesso.painting.brief import Window
from gesso.painting.noise import F, smooth
from gesso.painting.recipe import Frame, Mask, Region, pack, unpack

#: Cells on the longer side of a kept mask.
_CELLS = 256


def read_mask(data: bytes, frame: Frame) -> Mask:
    """Return the kept form of a PNG (mode L, above 127 = repaint) that covers a frame.

    A cell counts when all of it is to be repainted, so nothing outside is ever touched.
    """
    with Image.open(io.BytesIO(data)) as image:
        marked = np.asarray(image.convert("L")) > 127
    return from_marks(marked, frame)


def from_marks(marked: NDArray[np.bool_], frame: Frame) -> Mask:
    """Return the kept form of marks (height × width) that cover a frame."""
    height, width = marked.shape
    scale = _CELLS / max(frame[2] - frame[0], frame[3] - frame[1])
    wide = max(1, round((frame[2] - frame[0]) * scale))
    high = max(1, round((frame[3] - frame[1]) * scale))
    # A cell is free when any pixel that it touches is: the smallest over each cell.
    columns = [(i * width // wide, max(-(-(i + 1) * width // wide), 1)) for i in range(wide)]
    rows = [(i * height // high, max(-(-(i + 1) * height // high), 1)) for i in range(high)]
    narrow = np.stack([marked[:, a : max(b, a + 1)].all(axis=1) for a, b in columns], axis=1)
    cells = np.stack([narrow[a : max(b, a + 1)].all(axis=0) for a, b in rows])
    return Mask(frame, wide, high, pack(np.packbits(cells).tobytes()))


def cells_of(mask: Mask) -> NDArray[np.bool_]:
    """Return the bitmap of a mask, height × width."""
    flat = np.unpackbits(np.frombuffer(unpack(mask.bits), np.uint8))
    return flat[: mask.width * mask.height].reshape(mask.height, mask.width).astype(bool)


def bounds_of(mask: Mask) -> Frame | None:
    """Return the frame around all that is marked, in plane units; None when nothing is."""
    cells = cells_of(mask)
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    if not len(rows):
        return None
    left, top, right, bottom = mask.frame
    dx, dy = (right - left) / mask.width, (bottom - top) / mask.height
    return (
        left + float(columns[0]) * dx,
        top + float(rows[0]) * dy,
        left + float(columns[-1] + 1) * dx,
        top + float(rows[-1] + 1) * dy,
    )


def alpha_of(region: Region, window: Window) -> F:
    """Return how much of a region shows in each pixel of a window, 0–1.

    A mask is soft inside its edge and exactly 0 outside; a frame is exactly 1 inside and
    fades out beyond.
    """
    xs = (window.column + np.arange(window.width) + 0.5) * window.px
    ys = (window.row + np.arange(window.height) + 0.5) * window.px
    alpha: F = np.ones((window.height, window.width), np.float32)
    if region.mask is not None:
        alpha = mask_alpha(region.mask, xs, ys)
    if region.frame is not None:
        alpha = alpha * _frame_alpha(region.frame, xs, ys)
    return np.asarray(alpha, np.float32)


def mask_alpha(mask: Mask, xs: F, ys: F) -> F:
    """Return the alpha of a mask at plane coordinates, soft over about six cells inside it."""
    soft = _softened(cells_of(mask))
    left, top, right, bottom = mask.frame
    u = (xs - left) / (right - left) * mask.width - 0.5
    v = (ys - top) / (bottom - top) * mask.height - 0.5
    rows = _blend(soft, v, axis=0)
    alpha = _blend(rows, u, axis=1)
    inside = ((ys >= top) & (ys < bottom))[:, None] & ((xs >= left) & (xs < right))[None, :]
    return np.asarray(alpha * inside, np.float32)


def _softened(cells: NDArray[np.bool_], reach: int = 6) -> F:
    """Return 0 outside and next to the edge, rising to 1 over `reach` cells inside."""
    depth = np.zeros(cells.shape, np.float32)
    # Beyond the picture's own edge there is nothing to keep, so it counts as marked.
    left = cells
    for _ in range(reach):
        padded = np.pad(left, 1, constant_values=True)
        left = (
            padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1]
            & padded[1:-1, :-2] & padded[1:-1, 2:]
            & padded[:-2, :-2] & padded[2:, 2:] & padded[:-2, 2:] & padded[2:, :-2]
        )  # fmt: skip
        depth += left
    return smooth(0.0, float(reach), depth)


def _blend(table: F, at: F, axis: int) -> F:
    """Look rows (axis 0) or columns (axis 1) of a table up at fractional places."""
    last = table.shape[axis] - 1
    low = np.clip(np.floor(at), 0, last).astype(np.int64)
    high = np.minimum(low + 1, last)
    share = np.clip(at - low, 0, 1).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None, :]
    a, b = np.take(table, low, axis), np.take(table, high, axis)
    return np.asarray(a + (b - a) * share, np.float32)


def _frame_alpha(frame: Frame, xs: F, ys: F) -> F:
    left, top, right, bottom = frame
    reach = 0.16 * min(right - left, bottom - top)
    dx = np.maximum(np.maximum(left - xs, xs - right), 0)
    dy = np.maximum(np.maximum(top - ys, ys - bottom), 0)
    away = np.hypot(dx[None, :], dy[:, None])
    return 1 - smooth(0.0, reach, np.asarray(away, np.float32))
