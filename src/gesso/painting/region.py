"""Repaint a part: under a mask with other words, and everything else stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gesso.painting import shape
from gesso.painting.brief import Brief, Window
from gesso.painting.original import Original, retold
from gesso.painting.paint import Pixels, render
from gesso.painting.recipe import Frame, Mask, Recipe, Region
from gesso.painting.words import understand


def repainted(recipe: Recipe, mask: Mask | None, text: str, seed: int) -> Recipe:
    """Return a recipe with a new layer under a mask; without one, all of it is new."""
    if mask is None:
        fresh = recipe if _same(recipe, text) else replace(
            recipe, brief=replace(recipe.brief, text=text, cast=None, stage=None)
        )  # fmt: skip
        return replace(fresh, layers=()).varied("strong", seed)
    brief = _brief_under(recipe, mask, text).varied("loose", seed)
    inner = replace(recipe, brief=brief, layers=(), flat=False)
    return replace(recipe, layers=(*recipe.layers, Region(inner, mask)))


def repaint_pixels(original: Original, mask: Mask, text: str, seed: int) -> Pixels:
    """Return a picture without a recipe, repainted under a mask; the rest to the byte."""
    assert original.pixels is not None
    recipe = repainted(original.recipe, mask, text, seed)
    window, layer = recipe.window, recipe.layers[-1]
    alpha = shape.alpha_of(layer, window)[..., None]
    under = original.pixels
    over = render(replace(layer.inner, window=window)).astype(np.float32)
    if over.shape != under.shape:
        raise ValueError("the mask and the picture do not fit")
    mixed = np.clip(under + (over - under) * alpha + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(np.where(alpha > 0, mixed, under), np.uint8)


def _same(recipe: Recipe, text: str) -> bool:
    return text.strip().lower() == recipe.brief.text.strip().lower()


def _brief_under(recipe: Recipe, mask: Mask, text: str) -> Brief:
    """Return the brief of the new layer: the same world, with its subjects in the mask."""
    before = understand(recipe.brief)
    brief = recipe.brief if _same(recipe, text) else retold(recipe.brief, text)
    named = understand(brief).subjects
    bounds = shape.bounds_of(mask)
    if bounds is None:
        return brief
    fresh = tuple(s for s in named if s not in before.subjects or recipe.flat)
    cast = fresh or (named if _covers(bounds, recipe.window) else ())
    return replace(brief, cast=cast, stage=_stage(bounds, recipe.window) if cast else None)


def _covers(bounds: Frame, window: Window) -> bool:
    """Whether a mask reaches over the middle, where the subject of a picture stands."""
    left, top, right, bottom = window.box
    x, y = (left + right) / 2, top + 0.6 * (bottom - top)
    return bounds[0] < x < bounds[2] and bounds[1] < y < bounds[3]


def _stage(bounds: Frame, window: Window) -> tuple[float, float, float]:
    left, top, right, bottom = bounds
    whole = window.box
    most = 0.30 * min(whole[2] - whole[0], whole[3] - whole[1])
    size = min(0.40 * min(right - left, 1.2 * (bottom - top)), most)
    return (left + right) / 2, (top + bottom) / 2 + 0.04 * (bottom - top), size
