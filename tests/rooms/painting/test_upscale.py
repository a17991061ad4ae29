"""Enlarging: the same view in more detail, in bands that do not show."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from gesso.painting import paint as painter
from gesso.painting.brief import Brief, View, Window
from gesso.painting.original import Original, from_pixels
from gesso.painting.paint import Pixels, render
from gesso.painting.recipe import Recipe
from gesso.painting.upscale import enlarged, upscale
from tests.rooms.providers.easel import apart, png

WINDOW = Window.of(View.default((1, 1)), 96, 96)


def halved(large: Pixels, factor: int) -> Pixels:
    height, width = large.shape[0] // factor, large.shape[1] // factor
    shape = (height, factor, width, factor, 3)
    return np.asarray(large.reshape(shape).mean(axis=(1, 3)) + 0.5, np.uint8)


@pytest.mark.parametrize("text", ["a red fox in the snow", "city at night", "the sea", "space"])
def test_it_is_the_same_picture_with_more_in_it(text: str) -> None:
    window = Window.of(View.default((1, 1)), 192, 192)
    original = Original(Recipe(Brief(text, 5), window))
    small = render(original.recipe)
    for factor, creative in ((2, False), (2, True), (4, False)):
        large = upscale(original, factor, creative)
        assert large.shape == (192 * factor, 192 * factor, 3)
        assert apart(halved(large, factor), small) < 5
    plain, rich = upscale(original, 2, False), upscale(original, 2, True)
    assert apart(plain, rich) > 1


def test_more_detail_than_resampling() -> None:
    original = Original(Recipe(Brief("a castle on a mountain", 5), WINDOW))
    large = upscale(original, 4, False).astype(int)
    stretched = np.repeat(np.repeat(render(original.recipe), 4, 0), 4, 1)
    assert np.abs(np.diff(large, axis=1)[:, ::4]).mean() > 0.5  # Inside the old pixels, too.
    assert apart(large.astype(np.uint8), stretched) > 1


@pytest.mark.parametrize("seamless", [False, True])
def test_bands_do_not_show(monkeypatch: pytest.MonkeyPatch, seamless: bool) -> None:
    brief = Brief("a house in a snowy forest", 3, seamless=seamless)
    recipe = Recipe(brief, WINDOW, period=WINDOW if seamless else None)
    whole = render(enlarged(recipe, 2, True))
    monkeypatch.setattr(painter, "_BAND_PIXELS", 192 * 11)
    assert np.array_equal(render(enlarged(recipe, 2, True), threads=2), whole)


def test_memory_stays_bounded() -> None:
    recipe = Recipe(Brief("the sea", 5), Window.of(View.default((1, 1)), 256, 256))
    tracemalloc.start()
    large = upscale(Original(recipe), 4, False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Two bands are on the way at once; painted whole it would be about 130 MB.
    assert peak < large.nbytes + 90_000_000


def test_a_picture_from_elsewhere_is_resampled() -> None:
    pixels = render(Recipe(Brief("a boat on the sea", 1), WINDOW))
    original = from_pixels(png(pixels), Brief("a boat", 1))
    for factor, creative in ((2, False), (4, True)):
        assert apart(halved(upscale(original, factor, creative), factor), pixels) < 4
