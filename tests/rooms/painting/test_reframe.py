"""Zoom and pan: the old picture stays, and candidates differ around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gesso.domain.buttons import Deed
from gesso.painting.brief import Brief, View, Window
from gesso.painting.original import from_pixels
from gesso.painting.paint import Pixels, render
from gesso.painting.recipe import Recipe
from gesso.painting.reframe import candidate, panned, surround, zoomed
from tests.rooms.providers.easel import apart, png

SIZE = 96
WINDOW = Window.of(View.default((1, 1)), SIZE, SIZE)
PROMPTS = ["a red fox in the snow", "city at night", "the sea", "space", "abstract", "a forest"]
OLD: dict[Deed, Any] = {
    Deed.PAN_LEFT: np.s_[:, SIZE // 2 :], Deed.PAN_RIGHT: np.s_[:, :SIZE],
    Deed.PAN_UP: np.s_[SIZE // 2 :], Deed.PAN_DOWN: np.s_[:SIZE],
}  # fmt: skip


@pytest.mark.parametrize("text", PROMPTS)
def test_a_pan_keeps_every_pixel(text: str) -> None:
    recipe = Recipe(Brief(text, 7), WINDOW)
    old = render(recipe)
    for deed, part in OLD.items():
        window = panned(WINDOW, deed, SIZE * SIZE)
        assert max(window.width, window.height) == SIZE * 3 // 2
        one, two = (render(candidate(recipe, window, text, seed)) for seed in (1, 2))
        assert np.array_equal(one[part], old)
        assert np.array_equal(two[part], old)
        assert apart(one, two) > 0


@pytest.mark.parametrize("text", PROMPTS)
@pytest.mark.parametrize("factor", [1.5, 2.0])
def test_a_zoom_keeps_the_middle(text: str, factor: float) -> None:
    recipe = Recipe(Brief(text, 7), WINDOW)
    window = zoomed(WINDOW, factor, (1, 1), SIZE * SIZE)
    assert (window.width, window.height) == (SIZE, SIZE)
    plain = render(Recipe(recipe.brief, window))
    one, two = (render(candidate(recipe, window, text, seed)) for seed in (1, 2))
    edge = round(SIZE * (1 - 1 / factor) / 2) + 1
    middle = np.s_[edge : SIZE - edge, edge : SIZE - edge]
    assert np.array_equal(one[middle], plain[middle])
    assert np.array_equal(two[middle], plain[middle])
    assert apart(one, two) > 0.2


def test_zooming_out_again_and_again_keeps_what_was_shown() -> None:
    recipe = Recipe(Brief("a castle on a mountain", 3), WINDOW)
    for seed in range(4):
        window = panned(recipe.window, Deed.PAN_RIGHT, 64 * SIZE * SIZE)
        old, wide = render(recipe), recipe.window.width
        recipe = candidate(recipe, window, recipe.brief.text, seed)
        assert np.array_equal(render(recipe)[:, :wide], old)


def test_other_words_change_only_what_is_around() -> None:
    recipe = Recipe(Brief("a red fox in the snow", 7), WINDOW)
    window = zoomed(WINDOW, 2.0, (2, 1), SIZE * SIZE)
    told = candidate(recipe, window, "a red fox in a city at night", 1)
    picture = render(told)
    x0, y0 = (WINDOW.column * WINDOW.px, WINDOW.row * WINDOW.px)
    left, top = round(x0 / window.px) - window.column, round(y0 / window.px) - window.row
    inner = round(WINDOW.width * WINDOW.px / window.px)
    part = np.s_[top + 1 : top + inner - 1, left + 1 : left + inner - 1]
    same = render(Recipe(recipe.brief, window))
    assert np.array_equal(picture[part], same[part])
    assert apart(picture, same) > 5


def test_the_middle_of_a_square_is_the_old_picture() -> None:
    old = Window.of(View.default((3, 2)), 120, 80)
    window = zoomed(old, 1.0, (1, 1), SIZE * SIZE)
    assert window.width == window.height
    assert window.box[0] <= old.box[0] + window.px
    assert window.box[2] >= old.box[2] - window.px


def middle_of(picture: Pixels, width: int, height: int) -> Pixels:
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


def test_a_picture_from_elsewhere_keeps_its_pixels() -> None:
    pixels = np.random.default_rng(4).integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    original = from_pixels(png(pixels), Brief("a boat on the sea", 1))
    for deed, part in OLD.items():
        window = panned(original.recipe.window, deed, SIZE * SIZE)
        made = candidate(original.recipe, window, original.recipe.brief.text, 1)
        assert np.array_equal(surround(original, made)[part], pixels)
    window = zoomed(original.recipe.window, 2.0, (1, 1), SIZE * SIZE)
    made = candidate(original.recipe, window, original.recipe.brief.text, 1)
    small = pixels.reshape(SIZE // 2, 2, SIZE // 2, 2, 3).mean(axis=(1, 3))
    shown = middle_of(surround(original, made), SIZE // 2, SIZE // 2)
    assert np.abs(shown - small).max() <= 1
