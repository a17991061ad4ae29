"""Reading pictures from strangers: every limit is checked before anything is decoded.

Checking reads headers only. Decoding is dear: measured with Pillow 13, a WebP needs 15 bytes
per pixel and a JPEG or PNG 4, so 50 million pixels are up to 750 MB. Pillow is imported
inside the functions: it costs memory and start time, and a gateway that only relays never
needs it.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

#: The widths of thumbnails. A ladder, so that nobody fills the store with one per pixel.
WIDTHS = (64, 128, 256, 384, 512, 768, 1024, 1536, 2048)

_FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),  # a JPEG with more behind it, as phones write them
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "AVIF": ("image/avif", "avif"),
}
_DATA_URL = re.compile(r"data:([\w.+-]*/?[\w.+-]*)(;[\w=.+-]+)*(;base64)?,", re.ASCII | re.I)
_WEB_SAFE = bytes.maketrans(b"-_", b"+/")
_SPACE = b" \t\r\n\v\f"
#: The longest side that a WebP can have.
_WEBP_SIDE = 16383


class PictureRefused(Exception):
    """A picture cannot be taken; `reason` is a stable code.

    bad_base64, empty, too_large, unknown_format, truncated, unreadable, too_many_pixels,
    too_many_frames
    """

    def __init__(self, reason: str, message: str) -> None:
        """Keep the code beside the text."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest picture that is taken."""

    max_bytes: int = 12 * 1024 * 1024
    max_pixels: int = 64_000_000
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

    White space and the URL-safe alphabet are taken. Raises PictureRefused, for the size
    before anything is decoded.
    """
    head = _DATA_URL.match(text[:200])
    if head is None and text[:5].lower() == "data:":
        raise PictureRefused("bad_base64", "the data URL has no base64 part")
    # A first look before anything is copied; a tenth is room for line breaks.
    if len(text) > limits.max_bytes * 4 // 3 * 1.1 + 1024:
        raise _too_large(limits)
    try:
        compact = text[head.end() if head else 0 :].encode("ascii")
        compact = compact.translate(_WEB_SAFE, delete=_SPACE).rstrip(b"=")
        if len(compact) * 3 // 4 > limits.max_bytes:
            raise _too_large(limits)
        data = base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except ValueError as error:
        raise PictureRefused("bad_base64", "the picture is not valid base64") from error
    if not data:
        raise PictureRefused("empty", "the picture is empty")
    return data


def inspect(data: bytes, limits: Limits) -> Facts:
    """Check a picture by its header and that it is there to its end; nothing is decoded.

    Raises PictureRefused for too many bytes, pixels or frames, for a format that is not
    taken (SVG among them) and for truncated data.
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise PictureRefused("empty", "the picture is empty")
    if len(data) > limits.max_bytes:
        raise _too_large(limits)
    if data[:4] == b"GIF8":
        # Pillow would walk through all frames, and a small file can claim a million.
        _check_frames(_count_gif_frames(data, limits.max_frames), limits)
    try:
        with _open(data) as image:
            mime, extension = _FORMATS[image.format or ""]
            width, height = image.size
            _check_pixels(width, height, limits)
            frames = 1 if mime == "image/jpeg" else int(getattr(image, "n_frames", 1))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("too_many_pixels", str(error)) from error
    except PictureRefused:
        raise
    except UnidentifiedImageError as error:
        message = "the picture is not a PNG, JPEG, WebP, GIF or AVIF, or its header is broken"
        raise PictureRefused("unknown_format", message) from error
    except Exception as error:
        # Pillow raises many kinds for broken data; all of them mean the same to a caller.
        raise PictureRefused("unreadable", "the picture is broken") from error
    _check_frames(frames, limits)
    if not _ENDS[extension](data):
        raise PictureRefused("truncated", "the picture is cut off before its end")
    return Facts(mime, extension, width, height, frames)


def load_rgb(data: bytes, limits: Limits, max_side: int | None = None) -> Image.Image:
    """Return the first frame, turned as its EXIF data says, on white where it is clear.

    With `max_side` it is made smaller to fit, never larger. Raises PictureRefused.
    """
    inspect(data, limits)
    side = max_side or max(limits.max_pixels, 1)
    return _decode(data, side, side)


def upright(data: bytes) -> bytes:
    """Return a checked picture as it is, or turned as its EXIF data says and written anew.

    Providers look at pixels, not at EXIF data. Raises PictureRefused.
    """
    from PIL import ImageOps

    try:
        with _open(data) as image:
            if image.getexif().get(0x0112, 1) == 1:
                return data
            kind = "JPEG" if image.format == "MPO" else image.format
            turned = ImageOps.exif_transpose(image)
            out = io.BytesIO()
            turned.save(out, kind, quality=95)
    except Exception as error:
        raise PictureRefused("unreadable", "the picture is broken") from error
    return out.getvalue()


def thumbnail(data: bytes, width: int) -> bytes:
    """Return a WebP as wide as the next step of the ladder; a smaller picture keeps its size.

    For stored pictures: their limits were checked when they came. Raises PictureRefused.
    """
    step = next((w for w in WIDTHS if w >= width), WIDTHS[-1])
    small = _decode(data, step, _WEBP_SIDE)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=82, method=2)
    return out.getvalue()


def _decode(data: bytes, max_width: int, max_height: int) -> Image.Image:
    """Decode the first frame into a box; a JPEG is made smaller while it is decoded."""
    from PIL import Image, ImageOps

    try:
        with _open(data) as image:
            on_side = image.getexif().get(0x0112, 1) > 4
            box = (max_height, max_width) if on_side else (max_width, max_height)
            image.draft(None, _fit(image.size, box))
            whole = _flatten(ImageOps.exif_transpose(image))
    except Exception as error:
        raise PictureRefused("unreadable", "the picture is broken") from error
    size = _fit(whole.size, (max_width, max_height))
    if size == whole.size:
        return whole
    return whole.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _fit(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    ratio = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def _flatten(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I"):
        # 16 bits of grey: convert() alone would make everything above 255 white.
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    ground = Image.new("RGB", clear.size, "white")
    ground.paste(clear, mask=clear)
    return ground


def _open(data: bytes) -> Image.Image:
    from PIL import Image

    # MPO is what the JPEG reader turns into; it has no reader of its own to be named here.
    return Image.open(io.BytesIO(data), formats=[f for f in _FORMATS if f != "MPO"])


def _too_large(limits: Limits) -> PictureRefused:
    return PictureRefused("too_large", f"the picture has more than {limits.max_bytes} bytes")


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        message = f"the picture has {width}x{height} pixels, more than {limits.max_pixels}"
        raise PictureRefused("too_many_pixels", message)


def _check_frames(frames: int, limits: Limits) -> None:
    if frames > limits.max_frames:
        message = f"the picture has more than {limits.max_frames} frames"
        raise PictureRefused("too_many_frames", message)


def _count_gif_frames(data: bytes, limit: int) -> int:
    """Count frames up to one above the limit; raises PictureRefused if the data is cut off."""
    place = 13 + _gif_table(data[10:11])
    frames = 0
    while frames <= limit and (kind := data[place : place + 1]) != b";":
        if kind == b"!":
            place += 2
        elif kind == b",":
            frames += 1
            place += 11 + _gif_table(data[place + 9 : place + 10])
        else:
            reason = "unreadable" if kind else "truncated"
            raise PictureRefused(reason, "the GIF is cut off or broken")
        while size := data[place] if place < len(data) else 0:
            place += 1 + size
        place += 1
    return frames


def _gif_table(flags: bytes) -> int:
    """Return the size of the colour table that the flags announce."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _png_ends(data: bytes) -> bool:
    place = 8
    while place + 12 <= len(data):
        if data[place + 4 : place + 8] == b"IEND":
            return True
        place += 12 + int.from_bytes(data[place : place + 4], "big")
    return False


def _jpeg_ends(data: bytes) -> bool:
    """Look for the end marker behind the headers: a thumbnail in them has one of its own."""
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":
        if data[place + 1 : place + 2] == b"\xff":
            place += 1  # a fill byte
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return data.find(b"\xff\xd9", place) >= 0


def _webp_ends(data: bytes) -> bool:
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)


def _avif_ends(data: bytes) -> bool:
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if size == 1:
            size = int.from_bytes(data[place + 8 : place + 16], "big")
        if size == 0:
            return True
        if size < 8:
            return False
        place += size
    return place == len(data)


_ENDS: dict[str, Callable[[bytes], bool]] = {
    "png": _png_ends,
    "jpg": _jpeg_ends,
    "webp": _webp_ends,
    "avif": _avif_ends,
    "gif": lambda _: True,  # was seen when its frames were counted
}
