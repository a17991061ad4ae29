"""The picture that an order goes on from: its recipe, and its pixels where they matter."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from gesso.painting.brief import Brief, View, Window, size_for
from gesso.painting.paint import Pixels
from gesso.painting.recipe import Recipe
from gesso.painting.tints import tints_of
from gesso.painting.words import names_place, names_time, understand

#: Most pixels that are taken of a picture from elsewhere; larger ones are made smaller.
_MOST_PIXELS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class Original:
    """A picture to go on from; `pixels` is None when the recipe alone paints it exactly."""

    recipe: Recipe
    pixels: Pixels | None = None


def decode(data: bytes) -> Pixels:
    """Return the first frame of a picture file as height × width × 3 bytes."""
    from PIL import ImageOps

    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            clear = upright.convert("RGBA")
            ground = Image.new("RGB", clear.size, "white")
            ground.paste(clear, mask=clear)
            upright = ground
        rgb = upright.convert("RGB")
    if rgb.width * rgb.height > _MOST_PIXELS:
        rgb.thumbnail((4096, 4096), Image.Resampling.LANCZOS)
    return np.asarray(rgb, np.uint8)


def from_pixels(data: bytes, brief: Brief) -> Original:
    """Return an original of a picture without a recipe.

    The world around it is painted from the brief's words in the picture's own colours.
    """
    pixels = decode(data)
    height, width = pixels.shape[:2]
    window = Window.of(View.default((width, height)), width, height)
    brief = replace(brief, tints=tints_of([data])[:5])
    return Original(Recipe(brief, window, flat=True), pixels)


def settled(window: Window, pixels: int) -> Window:
    """Return a window brought back to the usual size when it is far larger than that."""
    area = window.width * window.height
    if area <= 1.5 * pixels:
        return window
    width, height = size_for((window.width, window.height), pixels)
    left, top, right, bottom = window.box
    px = max((right - left) / width, (bottom - top) / height)
    return centred(px, ((left + right) / 2, (top + bottom) / 2), width, height)


def centred(px: float, at: tuple[float, float], width: int, height: int) -> Window:
    """Return a window of a size around a point of the plane."""
    column, row = round(at[0] / px - width / 2), round(at[1] / px - height / 2)
    return Window(px, column, row, width, height)


def reworded(recipe: Recipe, text: str) -> Recipe:
    """Return a recipe for other words, whose unsaid things stay as they were.

    Place, time and weather are kept unless the new words name others.
    """
    brief = recipe.brief
    if text.strip().lower() == brief.text.strip().lower():
        return recipe
    return replace(recipe, brief=retold(brief, text))


def retold(brief: Brief, text: str) -> Brief:
    """Return a brief for other words in the same surroundings."""
    before = understand(brief)
    # What the words leave open is said in words, so that both worlds fit together.
    kept = [] if names_place(text) else [before.place]
    if not names_time(text) and before.time != "day":
        kept.append(before.time)
    if not understand(replace(brief, text=text)).weather:
        kept += sorted(before.weather)
    words = " ".join([text, *kept])
    return replace(brief, text=words, roots=brief.roots or brief.text, cast=None)
