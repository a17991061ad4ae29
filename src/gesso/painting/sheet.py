"""Put finished pictures together and write them as files."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gesso.painting.noise import hashed
from gesso.painting.paint import Pixels

#: Pixels up to which a picture is written without loss; three million are about 8 MB.
_MOST_PNG = 3_000_000


def grid(pictures: Sequence[Pixels]) -> Pixels:
    """Return four pictures of one size as a 2 × 2 grid."""
    top, bottom = np.hstack(pictures[:2]), np.hstack(pictures[2:4])
    return np.asarray(np.vstack([top, bottom]), np.uint8)


def shrunk(picture: Pixels, pixels: int) -> Pixels:
    """Return a picture with at most about so many pixels."""
    height, width = picture.shape[:2]
    if width * height <= pixels:
        return picture
    factor = math.sqrt(pixels / (width * height))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX), np.uint8)


def half_done(picture: Pixels, share: float) -> Pixels:
    """Return a picture as it looks while it is being painted: blurred, under fading noise."""
    height, width = picture.shape[:2]
    coarse = max(2, int(4 + share * share * min(width, height) / 3))
    small = Image.fromarray(picture).resize((coarse, coarse), Image.Resampling.BOX)
    soft = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    rows, columns = np.mgrid[0:height, 0:width]
    noise = hashed(columns // 2, rows // 2, int(share * 1000)) - 0.5
    fuzzy = soft * (0.35 + 0.65 * share) + 90 * (1 - share) + 110 * (1 - share) * noise[..., None]
    return np.asarray(np.clip(fuzzy, 0, 255), np.uint8)


def write_png(picture: Pixels, note: Mapping[str, str]) -> bytes:
    """Return PNG bytes that carry `note` as text, so a picture knows where it comes from."""
    info = PngInfo()
    for name, text in note.items():
        info.add_itxt(name, text)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", pnginfo=info, compress_level=1)
    return out.getvalue()


def write_file(picture: Pixels, note: Mapping[str, str]) -> bytes:
    """Return PNG bytes, or a JPEG where a PNG would be larger than gateways pass on."""
    if picture.shape[0] * picture.shape[1] <= _MOST_PNG:
        return write_png(picture, note)
    out = io.BytesIO()
    comment = note.get("prompt", "").encode()
    Image.fromarray(picture).save(out, "JPEG", quality=94, subsampling=0, comment=comment)
    return out.getvalue()


def write_webp(picture: Pixels, quality: int = 70) -> bytes:
    """Return WebP bytes, small and quick, for partial pictures."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "WEBP", quality=quality, method=0)
    return out.getvalue()


def write_blank() -> bytes:
    """Return the smallest PNG, for load tests that must not measure the painter."""
    return write_png(np.full((8, 8, 3), 200, np.uint8), {})
