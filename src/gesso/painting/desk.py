"""The hands for orders that start from sent pictures or from words alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from gesso.domain.errors import Refused
from gesso.domain.provider import Delivered
from gesso.painting import describe as telling
from gesso.painting import region, shape
from gesso.painting import shorten as shortening
from gesso.painting.blend import ASPECTS, blend
from gesso.painting.brief import View, Window, size_for
from gesso.painting.commission import Commission
from gesso.painting.edit import area_of
from gesso.painting.original import Original, decode, from_pixels
from gesso.painting.paint import Pixels
from gesso.painting.recipe import Recipe
from gesso.painting.retexture import retexture
from gesso.painting.sheet import shrunk, write_png
from gesso.painting.swap_face import swap_face
from gesso.painting.tints import tints_of
from gesso.painting.work import Result, Work, painted_grid, painted_single, text_only

#: Formats that a describe result hands back as they came.
_KEPT = frozenset({"PNG", "JPEG", "WEBP"})


def blend_pictures(job: Commission, stored: bytes | None) -> Work:
    """A grid of mixtures of two to five pictures."""
    _need(job, 2, 5)
    asked = job.words.flags.has("ar")
    aspect: tuple[float, float] = ASPECTS.get(str(job.order.get("dimensions")), (1, 1))
    if asked:
        aspect = (job.words.aspect[0], job.words.aspect[1])
    width, height = size_for(aspect, job.pixels)
    pictures = [decode(data) for data in job.pictures]
    window = Window.of(View.default(aspect), width, height)
    words = job.words.text or " and ".join(_told(data) for data in job.pictures[:2])
    brief = job.brief(words, 1, tints_of(job.pictures)[:5])
    made = [Recipe(brief, window, flat=True)] * 4
    return _paint(job, made, lambda seed, _: blend(pictures, width, height, seed))


def edit(job: Commission, stored: bytes | None) -> Work:
    """A grid of the sent picture, repainted under a mask or where the words point."""
    original = _sent(job)
    assert original.pixels is not None
    pixels, recipe = original.pixels, original.recipe
    frame = recipe.window.box
    if job.mask is not None:
        mask = shape.read_mask(job.mask, frame)
    else:
        mask = shape.from_marks(area_of(pixels, job.words.text), frame)
    text = job.words.text or recipe.brief.text

    def paint(seed: int, _: Recipe) -> Pixels:
        return region.repaint_pixels(original, mask, text, seed)

    return _paint(job, [recipe] * 4, paint)


def retexture_picture(job: Commission, stored: bytes | None) -> Work:
    """A grid of the sent picture in the colours and strokes of the words."""
    original = _sent(job)
    assert original.pixels is not None
    pixels = original.pixels
    briefs = [job.brief(job.words.text, tile) for tile in range(1, 5)]
    made = [replace(original.recipe, brief=brief) for brief in briefs]
    return _paint(job, made, lambda _, recipe: retexture(pixels, recipe.brief))


def swap(job: Commission, stored: bytes | None) -> Work:
    """The second picture with the face of the first."""
    _need(job, 2, 2)
    source, target = decode(job.pictures[0]), decode(job.pictures[1])
    recipe = from_pixels(job.pictures[1], job.brief("portrait of a person", 1)).recipe
    return painted_single(
        recipe, {"software": "gesso sandbox"}, {"seed": job.seed},
        lambda: swap_face(source, target), sketched=False,
    )  # fmt: skip


def describe(job: Commission, stored: bytes | None) -> Work:
    """Four prompts for a picture, which comes back with them."""
    _need(job, 1, 1)
    data = job.pictures[0]
    lines = telling.describe(data)
    with Image.open(io.BytesIO(data)) as image:
        kept = image.format in _KEPT
    shown = Delivered(0, data if kept else write_png(decode(data), {}))
    return text_only(
        Result([shown], 0, {"seed": job.seed, "lines": lines, "text": telling.as_text(lines)})
    )


def shorten(job: Commission, stored: bytes | None) -> Work:
    """Shorter prompts, and on request what every word weighs."""
    text = job.words.text
    if not text:
        raise Refused("there is no prompt to shorten")
    lines = shortening.shorten(text)
    told = shortening.explain(text, lines, bool(job.order.get("details")))
    return text_only(Result((), 0, {"seed": job.seed, "lines": lines, "text": told}))


def _paint(job: Commission, made: Sequence[Recipe], paint: Callable[[int, Recipe], Pixels]) -> Work:
    paints: list[Any] = []
    for number, recipe in enumerate(made):
        seed = (job.seed + number) % 2**32
        paints.append(lambda s=seed, r=recipe: paint(s, r))
    flat = [replace(one, flat=True) for one in made]
    return painted_grid(flat, job.note, {"seed": job.seed}, paints)


def _sent(job: Commission) -> Original:
    """Return the sent picture, no larger than a few pictures of ours."""
    _need(job, 1, 5)
    words = job.words.text or _told(job.pictures[0])
    original = from_pixels(job.pictures[0], job.brief(words, 1))
    assert original.pixels is not None
    small = shrunk(original.pixels, 4 * job.pixels)
    height, width = small.shape[:2]
    window = Window.of(View.default((width, height)), width, height)
    return Original(replace(original.recipe, window=window), np.asarray(small, np.uint8))


def _told(data: bytes) -> str:
    return telling.own_words(data) or telling.describe(data)[0].partition(" --")[0]


def _need(job: Commission, least: int, most: int) -> None:
    if not least <= len(job.pictures) <= most:
        raise Refused(f"this takes {least} to {most} pictures, not {len(job.pictures)}")
