"""Find what an edit without a mask means: the sky for words of weather, else the subject."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gesso.painting.paint import Pixels
from gesso.painting.words import names_subject, names_time


def area_of(pixels: Pixels, text: str) -> NDArray[np.bool_]:
    """Return the marks of what the words ask to change (height × width)."""
    if names_time(text) and not names_subject(text):
        sky = sky_of(pixels)
        if sky.mean() > 0.04:
            return sky
    return subject_of(pixels)


def sky_of(pixels: Pixels) -> NDArray[np.bool_]:
    """Return the even part of a picture that reaches down from its upper edge."""
    import cv2

    soft = cv2.GaussianBlur(pixels, (0, 0), max(1.0, min(pixels.shape[:2]) / 160))
    lab = cv2.cvtColor(soft.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    steps = np.abs(np.diff(lab, axis=0, prepend=lab[:1])).sum(axis=2)
    edge = steps > max(4.0, float(np.percentile(steps, 92)))
    depth = np.where(edge.any(axis=0), edge.argmax(axis=0), pixels.shape[0] * 6 // 10)
    # A star, a branch or the sun must not cut its column short.
    wide = max(3, pixels.shape[1] // 4) | 1
    padded = np.pad(depth, wide // 2, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, wide)
    smooth = np.percentile(around, 65, axis=1)
    return np.asarray(np.arange(pixels.shape[0])[:, None] < smooth[None, :])


def subject_of(pixels: Pixels) -> NDArray[np.bool_]:
    """Return an ellipse around what stands out most, weighted towards the middle."""
    height, width = pixels.shape[:2]
    import cv2

    small = cv2.resize(pixels, (96, 96), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    away = np.linalg.norm(lab - np.median(lab, axis=(0, 1)), axis=2)
    away += 0.6 * np.linalg.norm(lab - cv2.GaussianBlur(lab, (0, 0), 12), axis=2)
    rows, columns = np.mgrid[0:96, 0:96] / 95.0
    middle = np.exp(-(((columns - 0.5) / 0.34) ** 2) - ((rows - 0.58) / 0.34) ** 2)
    weight = away * middle
    weight = np.where(weight > np.percentile(weight, 80), weight, 0) + 1e-9
    total = weight.sum()
    x, y = float((columns * weight).sum() / total), float((rows * weight).sum() / total)
    rx = max(0.16, min(0.36, 2.1 * float(np.sqrt(((columns - x) ** 2 * weight).sum() / total))))
    ry = max(0.16, min(0.36, 2.1 * float(np.sqrt(((rows - y) ** 2 * weight).sum() / total))))
    u = (np.arange(width) + 0.5)[None, :] / width
    v = (np.arange(height) + 0.5)[:, None] / height
    return np.asarray(((u - x) / rx) ** 2 + ((v - y) / ry) ** 2 < 1)
