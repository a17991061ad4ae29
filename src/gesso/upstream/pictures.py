"""Pictures on their way to and from a diffusion backend: scaled, masked, put together.

Pillow is imported inside the functions: a gateway that only relays never needs it. All of
this takes time and belongs into a thread.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gesso.domain.errors import Garbled, Refused
from gesso.kit import picture

if TYPE_CHECKING:
    from PIL import Image

#: What is taken from an upstream: four times the largest picture that it is asked for.
_LIMITS = picture.Limits(max_bytes=256 * 1024 * 1024, max_pixels=64_000_000, max_frames=1)
#: Width of a preview in pixels.
_PREVIEW = 512
#: How far a mask reaches into the kept picture, in pixels, so that no seam shows.
_OVERLAP = 8
Box = tuple[int, int, int, int]


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height of a stored picture; raises Refused for a broken one."""
    return _load(data).size


def fitted(data: bytes, size: tuple[int, int]) -> bytes:
    """Return a picture as PNG that fills a size; what stands over is cut off evenly."""
    from PIL import Image, ImageOps

    return _png(ImageOps.fit(_load(data), size, Image.Resampling.LANCZOS))


def mask_for(mask: bytes, size: tuple[int, int]) -> bytes:
    """Return a mask (255 is repainted) as PNG of mode L in the size of its picture."""
    from PIL import Image

    with Image.open(io.BytesIO(mask)) as image:
        return _png(image.convert("L").resize(size, Image.Resampling.NEAREST))


def spread(data: bytes, canvas: tuple[int, int], box: Box) -> tuple[bytes, bytes]:
    """Place a picture into a box of a larger canvas; return the canvas and its mask.

    What is new starts as a wash of the picture's own colours.
    """
    from PIL import Image, ImageFilter

    whole = _load(data)
    left, top, right, bottom = box
    ground = whole.resize(canvas, Image.Resampling.BILINEAR)
    ground = ground.filter(ImageFilter.GaussianBlur(max(canvas) / 24))
    placed = whole.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
    ground.paste(placed, (left, top))
    mask = Image.new("L", canvas, 255)
    # At the canvas's own edge there is no seam to hide.
    inner = (
        left + _OVERLAP * (left > 0),
        top + _OVERLAP * (top > 0),
        right - _OVERLAP * (right < canvas[0]),
        bottom - _OVERLAP * (bottom < canvas[1]),
    )
    mask.paste(0, inner)
    return _png(ground), _png(mask)


def finished(
    files: Sequence[bytes], source: bytes | None, mask: bytes | None
) -> tuple[bytes, list[bytes]]:
    """Return the grid of some results, and the results; raises Garbled for a broken one.

    With a mask, everything outside of it is exactly the source again.
    """
    images = [_read_result(one) for one in files]
    if source is None or mask is None:
        return _grid(images), list(files)
    images = [_kept(one, source, mask) for one in images]
    return _grid(images), [_png(one) for one in images]


def single(data: bytes, size: tuple[int, int] | None) -> bytes:
    """Return one result, in another size if one is named; raises Garbled for a broken one."""
    from PIL import Image

    image = _read_result(data)
    if size is None or image.size == size:
        return data
    return _png(image.resize(size, Image.Resampling.LANCZOS))


def preview(data: bytes) -> bytes | None:
    """Return an upstream's preview as a small WebP; None when it cannot be read."""
    try:
        picture.inspect(data, _LIMITS)
        return picture.thumbnail(data, _PREVIEW)
    except picture.PictureRefused:
        return None


def _read_result(data: bytes) -> Image.Image:
    try:
        return picture.load_rgb(data, _LIMITS)
    except picture.PictureRefused as refusal:
        raise Garbled(f"the upstream sent a broken picture: {refusal}") from refusal


def _load(data: bytes) -> Image.Image:
    try:
        return picture.load_rgb(data, _LIMITS)
    except picture.PictureRefused as refusal:
        raise Refused(f"the picture to start from cannot be used: {refusal}") from refusal


def _kept(image: Image.Image, source: bytes, mask: bytes) -> Image.Image:
    from PIL import Image

    before = _load(source)
    with Image.open(io.BytesIO(mask)) as level:
        where = level.convert("L")
    fresh = image.resize(before.size, Image.Resampling.LANCZOS)
    return Image.composite(fresh, before, where)


def _grid(images: Sequence[Image.Image]) -> bytes:
    from PIL import Image

    width, height = images[0].size
    columns = 2 if len(images) > 1 else 1
    rows = -(-len(images) // columns)
    whole = Image.new("RGB", (width * columns, height * rows))
    for number, one in enumerate(images):
        place = number % columns * width, number // columns * height
        whole.paste(one.resize((width, height)), place)
    return _png(whole)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
