"""Variations: subtle ones near, strong ones far, with a recipe and without."""

from __future__ import annotations

import pytest

from gesso.painting import flat
from gesso.painting.brief import Brief, View, Window
from gesso.painting.original import from_pixels
from gesso.painting.paint import render
from gesso.painting.recipe import Recipe
from tests.rooms.providers.easel import apart, png

WINDOW = Window.of(View.default((1, 1)), 96, 96)


@pytest.mark.parametrize(
    "text", ["a red fox in the snow", "city at night", "a boat on the sea", "space", "a castle"]
)
def test_near_and_far(text: str) -> None:
    recipe = Recipe(Brief(text, 7), WINDOW)
    base = render(recipe)
    original = from_pixels(png(base), recipe.brief)

    def mean(how: str, from_elsewhere: bool) -> float:
        if from_elsewhere:
            return sum(apart(flat.vary(original, how, s), base) for s in range(4)) / 4
        return sum(apart(render(recipe.varied(how, s)), base) for s in range(4)) / 4

    for from_elsewhere in (False, True):
        near, far = mean("subtle", from_elsewhere), mean("strong", from_elsewhere)
        assert 0 < near < far
        assert near < 16
