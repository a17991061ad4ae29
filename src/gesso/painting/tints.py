"""The main colours of pictures that stand in a prompt."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image


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
