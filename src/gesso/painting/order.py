"""From prompt flags to briefs, and from briefs to the files of a result."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gesso.painting.brief import Brief, View, size_for
from gesso.painting.paint import Pixels, paint
from gesso.painting.sheet import grid, half_done, write_png, write_webp


@dataclass(frozen=True, slots=True)
class Sitting:
    """Four pictures to be painted together."""

    briefs: tuple[Brief, ...]
    aspect: tuple[float, float]
    pixels: int

    def paint_one(self, number: int) -> Pixels:
        """Paint one of the pictures."""
        width, height = size_for(self.aspect, self.pixels)
        return paint(self.briefs[number], View.default(self.aspect), width, height)

    def paint_small(self) -> list[Pixels]:
        """Paint all four, small and quickly, for previews."""
        width, height = size_for(self.aspect, 160 * 160)
        return [paint(b, View.default(self.aspect), width, height) for b in self.briefs]


def tints_of(pictures: Sequence[bytes]) -> tuple[tuple[float, float, float], ...]:
    """Return the five main colours (0–1 RGB) of image prompts, the most common first."""
    tints: list[tuple[float, float, float]] = []
    for data in pictures:
        with Image.open(io.BytesIO(data)) as image:
            small = image.convert("RGB").resize((48, 48))
        few = small.quantize(5, Image.Quantize.MEDIANCUT)
        counts = np.bincount(np.asarray(few).ravel(), minlength=5)
        palette = np.asarray(few.getpalette() or [], np.float32)[: 3 * 5].reshape(-1, 3) / 255
        order = [i for i in np.argsort(-counts) if i < len(palette)]
        tints += [(float(r), float(g), float(b)) for r, g, b in palette[order]]
    # Interleaved, so that every picture has its say in the first five.
    return tuple(
        tints[i::5][j] for j in range(len(pictures)) for i in range(5) if j < len(tints[i::5])
    )[:10]


def write_preview(pictures: Sequence[Pixels], share: float) -> bytes:
    """Return the partial grid at a share of 0–1 as WebP."""
    return write_webp(half_done(grid(pictures), share))


def write_single(picture: Pixels, brief: Brief) -> bytes:
    """Return one picture as PNG that carries its prompt and seed."""
    note = {"prompt": brief.text[:2000], "seed": str(brief.seed), "software": "gesso sandbox"}
    return write_png(picture, note)


def write_grid(pictures: Sequence[Pixels], brief: Brief) -> bytes:
    """Return the grid as PNG that carries its prompt and seed."""
    return write_single(grid(list(pictures)), brief)


def write_blank() -> bytes:
    """Return the smallest PNG, for load tests that must not measure the painter."""
    return write_png(np.full((8, 8, 3), 200, np.uint8), {})
