"""Masks from strangers: one reader for white on black and white on transparent.

A pixel is repainted where it is opaque and light (wire/decisions 1); with the polarity
`transparent` it is repainted where it is transparent.
"""

from __future__ import annotations

import io
from enum import StrEnum

from gesso.kit.picture import Limits, PictureRefused, inspect


class Polarity(StrEnum):
    """Which pixels of a mask mean "repaint"."""

    LIGHT = "light"  #: Opaque and light ones.
    TRANSPARENT = "transparent"  #: Transparent ones.


def read_mask(
    data: bytes,
    limits: Limits,
    polarity: Polarity = Polarity.LIGHT,
    size: tuple[int, int] | None = None,
) -> bytes:
    """Return a mask as PNG of mode L in which 255 is repainted and 0 is kept.

    It is scaled to `size` (width and height in pixels) when one is given. Raises
    PictureRefused for a broken or too large picture and for one that selects nothing.
    """
    from PIL import Image, ImageChops

    inspect(data, limits)
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", size)
            whole = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureRefused("unreadable", f"the mask cannot be read: {error}") from error
    alpha = whole.getchannel("A")
    if polarity is Polarity.TRANSPARENT:
        level = ImageChops.invert(alpha)
    else:
        level = ImageChops.multiply(whole.convert("RGB").convert("L"), alpha)
    chosen = level.point(lambda value: 255 if value >= 128 else 0)
    if size is not None and chosen.size != size:
        chosen = chosen.resize(size, Image.Resampling.NEAREST)
    if chosen.getbbox() is None:
        raise PictureRefused("empty_mask", "the mask selects nothing: paint white what may change")
    out = io.BytesIO()
    chosen.save(out, "PNG", compress_level=1)
    return out.getvalue()
