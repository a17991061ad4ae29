"""Smooth noise over the plane from hashed lattices: the same everywhere, from any window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F = NDArray[np.floating]
I = NDArray[np.int64]  # noqa: E741 - the usual name beside F


def hashed(x: I, y: I, salt: int) -> F:
    """Return a number in 0–1 for each lattice point."""
    n = (x.astype(np.uint32) * np.uint32(0x85EBCA6B)) ^ (
        y.astype(np.uint32) * np.uint32(0xC2B2AE35)
    )
    n = (n + np.uint32(salt & 0xFFFFFFFF)) * np.uint32(0x9E3779B1)
    n ^= n >> np.uint32(15)
    n *= np.uint32(0x2C1B3C6D)
    n ^= n >> np.uint32(12)
    n *= np.uint32(0x297A2D39)
    n ^= n >> np.uint32(15)
    return (n >> np.uint32(8)).astype(np.float32) * np.float32(1 / (1 << 24))


def value(x: F, y: F, salt: int) -> F:
    """Return smooth noise in 0–1 whose features are about one unit wide."""
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = fx.astype(np.int64), fy.astype(np.int64)
    tx, ty = _fade(x - fx), _fade(y - fy)
    a, b = hashed(ix, iy, salt), hashed(ix + 1, iy, salt)
    c, d = hashed(ix, iy + 1, salt), hashed(ix + 1, iy + 1, salt)
    top, bottom = a + (b - a) * tx, c + (d - c) * tx
    return np.asarray(top + (bottom - top) * ty, np.float32)


def fbm(x: F, y: F, salt: int, octaves: int) -> F:
    """Return noise with ever finer detail, in 0–1."""
    total = np.zeros(np.broadcast(x, y).shape, np.float32)
    weight, norm = 0.5, 0.0
    for octave in range(octaves):
        # Turned and shifted per octave, or the lattice would show as a grid.
        u = (x * 0.8 - y * 0.6) * 2.0**octave + 17.3 * octave
        v = (x * 0.6 + y * 0.8) * 2.0**octave - 9.1 * octave
        total += np.float32(weight) * value(u, v, salt + octave)
        norm += weight
        weight *= 0.5
    return np.asarray(total / np.float32(norm), np.float32)


def ridge(x: F, salt: int, octaves: int) -> F:
    """Return a mountain line over x, in 0–1."""
    return fbm(x, np.zeros_like(x), salt, octaves)


def smooth(low: float, high: float, x: F) -> F:
    """Return 0 below `low`, 1 above `high` and a soft step between them."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _fade(t: F) -> F:
    return np.asarray(t * t * t * (t * (t * 6 - 15) + 10), np.float32)
