"""Stored pictures in the size and format that a caller asked for."""

from __future__ import annotations

import io

#: Formats that are written, by the name on the OpenAI wire.
FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}


def convert(data: bytes, size: tuple[int, int] | None, form: str, quality: int = 95) -> bytes:
    """Return a picture scaled to fill `size` (width and height in pixels) and written anew.

    What juts out is cut off evenly at both sides. `form` is a key of `FORMATS`; `quality`
    (0–100) counts for JPEG and WebP.
    """
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as image:
        shown = image.convert("RGB")
    if size is not None and size != shown.size:
        shown = ImageOps.fit(shown, size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if form == "png":
        shown.save(out, "PNG", compress_level=3)
    else:
        shown.save(out, FORMATS[form], quality=quality)
    return out.getvalue()
