"""Repainting under a mask: nothing outside of it is touched."""

from __future__ import annotations

import numpy as np
import pytest

from gesso.painting.brief import Brief, View, Window
from gesso.painting.original import from_pixels
from gesso.painting.paint import render
from gesso.painting.recipe import Recipe
from gesso.painting.region import repaint_pixels, repainted
from gesso.painting.shape import read_mask
from tests.rooms.providers.easel import apart, png

SIZE = 128
WINDOW = Window.of(View.default((1, 1)), SIZE, SIZE)
ROUND = np.hypot(*(np.mgrid[0:200, 0:300] / [[[200]], [[300]]] - 0.35)) < 0.25


@pytest.mark.parametrize("text", ["a balloon", "a red fox in the snow", "the sea at night"])
def test_only_under_the_mask(text: str) -> None:
    recipe = Recipe(Brief("a red fox in the snow", 7), WINDOW)
    mask = read_mask(png(ROUND * 255), WINDOW.box)
    old = render(recipe)
    rows = ((np.arange(SIZE) + 0.5) / SIZE * 200).astype(int)
    columns = ((np.arange(SIZE) + 0.5) / SIZE * 300).astype(int)
    outside = ~ROUND[np.ix_(rows, columns)]
    candidates = [render(repainted(recipe, mask, text, seed)) for seed in (1, 2)]
    for new in candidates:
        assert np.array_equal(new[outside], old[outside])
        assert apart(new[~outside], old[~outside]) > 1
    assert apart(*candidates) > 0
    original = from_pixels(png(old), recipe.brief)
    flat = repaint_pixels(original, mask, text, 1)
    assert np.array_equal(flat[outside], old[outside])
    assert apart(flat[~outside], old[~outside]) > 1


def test_an_empty_mask_changes_nothing() -> None:
    recipe = Recipe(Brief("a red fox in the snow", 7), WINDOW)
    mask = read_mask(png(np.zeros((40, 40))), WINDOW.box)
    assert np.array_equal(render(repainted(recipe, mask, "a boat", 1)), render(recipe))


def test_without_a_mask_all_is_new() -> None:
    recipe = Recipe(Brief("a red fox in the snow", 7), WINDOW)
    assert apart(render(repainted(recipe, None, "a boat on the sea", 1)), render(recipe)) > 10
