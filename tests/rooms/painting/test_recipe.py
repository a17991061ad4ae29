"""Recipes go to JSON and back, and paint the same picture."""

from __future__ import annotations

import json

import numpy as np

from gesso.painting import recipe as recipes
from gesso.painting.brief import Brief, Window
from gesso.painting.paint import render
from gesso.painting.recipe import Bend, Recipe, Region
from gesso.painting.shape import bounds_of, from_marks

WINDOW = Window(1 / 64, -32, -32, 64, 64)


def test_json_and_back() -> None:
    marks = np.zeros((64, 64), bool)
    marks[8:40, 20:60] = True
    mask = from_marks(marks, WINDOW.box)
    brief = Brief("a fox", 3, 2, without=("snow",), tints=((0.1, 0.2, 0.3),) * 5, weird=20)
    inner = Recipe(Brief("a boat", 1, cast=("boat",), stage=(0.1, 0.2, 0.1)), WINDOW)
    recipe = Recipe(
        brief.varied("strong", 5), WINDOW, bends=(Bend((-1, -1, 1, 1), 9),), detail=2,
        layers=(Region(inner, mask), Region(inner, frame=(-0.1, -0.1, 0.2, 0.2))),
        period=None, flat=False,
    )  # fmt: skip
    again = recipes.read(json.loads(json.dumps(recipe.write())))
    assert again == recipe
    assert np.array_equal(render(again), render(recipe))
    assert recipes.read_mask(json.loads(json.dumps(recipes.write_mask(mask)))) == mask


def test_the_bounds_of_a_mask() -> None:
    marks = np.zeros((100, 200), bool)
    marks[10:50, 100:150] = True
    bounds = bounds_of(from_marks(marks, (0, 0, 2, 1)))
    assert bounds is not None
    assert np.allclose(bounds, (1.0, 0.1, 1.5, 0.5), atol=0.02)
    assert bounds_of(from_marks(np.zeros((9, 9), bool), (0, 0, 1, 1))) is None
