"""Repaint a part: under a mask with other words, and everything else stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gesso.painting import figures, shape
from gesso.painting.brief import Brief, Window
from gesso.painting.canvas import Canvas
from gesso.painting.noise import F, hashed
from gesso.painting.original import Original, retold
from gesso.painting.paint import Pixels, render
from gesso.painting.palette import choose
from gesso.painting.recipe import Frame, Mask, Recipe, Region
from gesso.painting.words import names_place, understand


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
    brief = layer.inner.brief
    if brief.cast and not names_place(text):
        over = _figure_on(_filled(under, alpha[..., 0]), brief, window)
    else:
        over = _world_behind(layer.inner, mask, window).astype(np.float32)
    mixed = np.clip(under + (over - under) * alpha + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(np.where(alpha > 0, mixed, under), np.uint8)


def _figure_on(ground: Pixels, brief: Brief, window: Window) -> F:
    """Draw the subjects of a brief onto a picture of somebody else's world."""
    scene = understand(brief)
    canvas = Canvas.open(window)
    canvas.rgb[:] = ground.astype(np.float32) / 255
    figures.place_all(canvas, brief, scene, choose(brief, scene), 0.0)
    return np.asarray(np.clip(canvas.rgb, 0, 1) * 255, np.float32)


def _filled(under: Pixels, alpha: F) -> Pixels:
    """Return a picture with what is under the mask grown over from around it."""
    import cv2

    marks = (alpha > 0).astype(np.uint8)
    if marks.mean() > 0.9:
        return under
    height, width = marks.shape
    factor = min(1.0, 160 / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(under, size, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate(cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST), np.ones((3, 3)))
    grown = cv2.inpaint(small, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    soft = cv2.resize(grown, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    # The grain of the picture, or the filled place would look like glass.
    grain = under.astype(np.float32) - cv2.GaussianBlur(under, (0, 0), 1.5)
    soft += np.float32(float(np.median(np.abs(grain))) * 1.5) * _speckle(height, width)[..., None]
    return np.asarray(np.clip(soft + 0.5, 0, 255), np.uint8)


def _speckle(height: int, width: int) -> F:
    rows, columns = np.mgrid[0:height, 0:width]
    return hashed(columns, rows, 31) * 2 - 1


def _world_behind(inner: Recipe, mask: Mask, window: Window) -> Pixels:
    """Paint the words' world; a sky alone is moved so that its horizon lies below the mask."""
    bounds = shape.bounds_of(mask)
    scene = understand(inner.brief)
    if (
        bounds is None
        or scene.subjects
        or bounds[1] > window.box[1] + 0.1
        or scene.place == "space"
    ):
        return render(replace(inner, window=window))
    if not names_place(inner.brief.text):
        inner = replace(inner, brief=replace(inner.brief, text=f"{inner.brief.text} meadow"))
    lift = round((bounds[3] + 0.30) / window.px)
    return render(replace(inner, window=replace(window, row=window.row - lift)))


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
