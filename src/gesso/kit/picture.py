"""Reading pictures from strangers: every limit is checked before anything is decoded.

Pillow is imported inside the functions: it costs memory and start time, and a gateway that
only relays never needs it.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "AVIF": ("image/avif", "avif"),
}
#: MPO is what Pillow calls a JPEG with several pictures, once it is open.
_OPENED = [name for name in _FORMATS if name != "MPO"]
_DATA_URL = re.compile(r"data:([\w.+-]*/?[\w.+-]*)(;[\w=.+-]+)*(;base64)?,", re.ASCII)
_WEB_SAFE = str.maketrans("-_", "+/")


class PictureRefused(Exception):
    """A picture cannot be taken; `reason` is a stable code."""

    def __init__(self, reason: str, message: str) -> None:
        """Keep the code beside the text."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest picture that is taken."""

    max_bytes: int = 12 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_frames: int = 200


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header of a picture says."""

    mime: str
    extension: str
    width: int
    height: int
    frames: int


def decode_base64(text: str, limits: Limits) -> bytes:
    """Return the bytes of a data URL (with or without MIME) or of bare base64.

    Raises PictureRefused, for the size before anything is decoded.
    """
    head = _DATA_URL.match(text[:200])
    if head is None and text[:5].lower() == "data:":
        raise PictureRefused("bad_base64", "the data URL has no base64 part")
    body = text[head.end() :] if head else text
    if len(body) // 4 * 3 > limits.max_bytes * 1.1 + 1024:
        raise PictureRefused("too_large", f"the picture has more than {limits.max_bytes} bytes")
    compact = "".join(body.split()).translate(_WEB_SAFE).rstrip("=")
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureRefused("bad_base64", "the picture is not valid base64") from error
    if not data:
        raise PictureRefused("empty", "the picture is empty")
    if len(data) > limits.max_bytes:
        raise PictureRefused("too_large", f"the picture has more than {limits.max_bytes} bytes")
    return data


def inspect(data: bytes, limits: Limits) -> Facts:
    """Check a picture by its header and prove that it can be decoded.

    Raises PictureRefused for an unknown format, too many bytes, pixels or frames, or broken
    data; pixels and frames are counted before any is decoded.
    """
    if len(data) > limits.max_bytes:
        raise PictureRefused("too_large", f"the picture has more than {limits.max_bytes} bytes")
    try:
        with _open(data) as image:
            mime, extension = _FORMATS[image.format or ""]
            width, height = image.size
            if width * height > limits.max_pixels:
                raise PictureRefused(
                    "too_many_pixels",
                    f"the picture has {width}x{height} pixels, more than {limits.max_pixels}",
                )
            frames = int(getattr(image, "n_frames", 1))
            if frames > limits.max_frames:
                raise PictureRefused(
                    "too_many_frames", f"the picture has {frames} frames, more than allowed"
                )
            image.load()
    except PictureRefused:
        raise
    except Exception as error:
        # Pillow raises many kinds for broken data; all of them mean the same to a caller.
        raise PictureRefused("unreadable", "the picture is broken or of an unknown kind") from error
    return Facts(mime, extension, width, height, frames)


def load_rgb(data: bytes, limits: Limits) -> Image.Image:
    """Return the first frame, turned as its EXIF data says, on white where it is clear."""
    from PIL import Image, ImageOps

    inspect(data, limits)
    with _open(data) as image:
        turned = ImageOps.exif_transpose(image).convert("RGBA")
    ground = Image.new("RGBA", turned.size, "white")
    return Image.alpha_composite(ground, turned).convert("RGB")


def thumbnail(data: bytes, width: int) -> bytes:
    """Return a WebP of at most `width` pixels across; a smaller picture keeps its size."""
    from PIL import Image

    with _open(data) as image:
        small = image.convert("RGB")
    if small.width > width:
        size = (width, max(1, round(small.height * width / small.width)))
        small = small.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=82, method=2)
    return out.getvalue()


def _open(data: bytes) -> Image.Image:
    from PIL import Image

    with warnings.catch_warnings():
        # We check the pixels ourselves; Pillow's own warning would go nowhere useful.
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data), formats=_OPENED)
