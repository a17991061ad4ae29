"""A blend shows every picture that went into it."""

from __future__ import annotations

import numpy as np
import pytest

from gesso.painting.blend import blend, fit
from gesso.painting.brief import Brief, View
from gesso.painting.paint import Pixels, paint
from tests.rooms.providers.easel import apart

SQUARE = View.default((1, 1))
TEXTS = ["a red fox in the snow", "a castle on a mountain", "city at night", "space", "abstract"]


def details(picture: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    grey = picture.astype(float).mean(axis=2)
    return np.stack([np.diff(grey, axis=0)[:, 1:], np.diff(grey, axis=1)[1:]])


def likeness(a: Pixels, b: Pixels) -> float:
    """Correlation of what is fine in two pictures; 0 for strangers."""
    return float(np.corrcoef(details(a).ravel(), details(b).ravel())[0, 1])


@pytest.mark.parametrize("count", [2, 3, 5])
def test_all_of_them_show(count: int) -> None:
    pictures = [paint(Brief(text, 5), SQUARE, 128, 128) for text in TEXTS[:count]]
    stranger = paint(Brief("a butterfly in a meadow", 8), SQUARE, 128, 128)
    tiles = [blend(pictures, 128, 128, seed) for seed in range(4)]
    for picture in pictures:
        assert max(likeness(tile, picture) for tile in tiles) > 0.15
        assert np.mean([likeness(t, picture) for t in tiles]) > abs(likeness(tiles[0], stranger))
    assert all(apart(tiles[0], tile) > 2 for tile in tiles[1:])


def test_pictures_are_cut_and_not_stretched() -> None:
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 255
    assert (fit(wide, 40, 40) > 200).all()
