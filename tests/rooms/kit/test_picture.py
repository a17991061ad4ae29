import base64
import io
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from PIL import Image

from gesso.kit.picture import (
    Facts,
    Limits,
    PictureRefused,
    decode_base64,
    inspect,
    load_rgb,
    thumbnail,
)

LIMITS = Limits()
KINDS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "AVIF": ("image/avif", "avif"),
}


def painted(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, size, "navy")
    for x in range(min(size)):
        image.putpixel((x, x), (255, 200, x % 256) if mode == "RGB" else 200)
    return image


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def reason_of(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(PictureRefused) as refused:
        inspect(data, limits)
    return refused.value.reason


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))


class TestInspect:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, kind: str) -> None:
        mime, extension = KINDS[kind]
        assert inspect(saved(painted(), kind), LIMITS) == Facts(mime, extension, 60, 40, 1)

    @pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
    def test_frames_are_counted(self, kind: str) -> None:
        frames = [painted((16, 16 + n)).resize((16, 16)) for n in range(5)]
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert inspect(data, LIMITS).frames == 5
        assert reason_of(data, Limits(max_frames=4)) == "too_many_frames"

    def test_a_phone_jpeg_with_more_behind_it_is_one_frame(self) -> None:
        data = saved(painted(), "MPO", save_all=True, append_images=[painted((30, 20))])
        assert inspect(data, LIMITS) == Facts("image/jpeg", "jpg", 60, 40, 1)
        assert inspect(saved(painted(), "JPEG") + b"trailer", LIMITS).extension == "jpg"

    def test_progressive_jpeg_and_interlaced_gif(self) -> None:
        assert inspect(saved(painted(), "JPEG", progressive=True), LIMITS).width == 60
        assert inspect(saved(painted(), "GIF", interlace=True), LIMITS).width == 60

    @pytest.mark.parametrize("side", [8_100, 60_000])
    def test_a_tiny_file_that_claims_many_pixels(self, side: int) -> None:
        data = png_claiming(side, side)
        assert len(data) < 100
        tracemalloc.start()
        try:
            assert reason_of(data) == "too_many_pixels"
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()

    def test_a_gif_of_a_million_frames_is_not_walked_through(self) -> None:
        head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
        frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\x00"
        data = head + frame * 750_000 + b";"
        assert len(data) < LIMITS.max_bytes
        started = time.perf_counter()
        assert reason_of(data) == "too_many_frames"
        assert time.perf_counter() - started < 0.2

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
    def test_truncated(self, kind: str, part: float) -> None:
        data = saved(painted((300, 200)), kind)
        assert reason_of(data[: int(len(data) * part)]) in {
            "truncated",
            "unreadable",
            "unknown_format",
        }

    def test_a_truncated_jpeg_with_a_whole_thumbnail_in_its_header(self) -> None:
        exif = Image.Exif()
        exif[0x9286] = saved(painted((8, 8)), "JPEG")
        data = saved(painted((300, 200)), "JPEG", exif=exif)
        assert inspect(data, LIMITS).width == 300
        assert data.find(b"\xff\xd9") < len(data) - 2
        assert reason_of(data[:-2]) == "truncated"

    def test_other_kinds(self) -> None:
        assert reason_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == "unknown_format"
        assert reason_of(b"%PDF-1.7") == "unknown_format"
        assert reason_of(saved(painted(), "BMP")) == "unknown_format"
        assert reason_of(saved(painted(), "TIFF")) == "unknown_format"
        assert reason_of(bytes(range(256)) * 4) == "unknown_format"
        assert reason_of(b"") == "empty"

    def test_garbage_behind_a_good_signature(self) -> None:
        noise = bytes(range(1, 256)) * 8
        heads = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBP")
        for head in heads:
            assert reason_of(head + noise) in {"unreadable", "unknown_format", "truncated"}

    def test_too_many_bytes(self) -> None:
        data = saved(painted(), "PNG") + bytes(13 * 1024 * 1024)
        assert reason_of(data) == "too_large"

    def test_nothing_is_decoded(self) -> None:
        data = saved(Image.new("RGB", (7_000, 7_000)), "PNG")
        started = time.perf_counter()
        assert inspect(data, LIMITS).width == 7_000
        assert time.perf_counter() - started < 0.1


class TestDecodeBase64:
    DATA = bytes(range(256)) * 3 + b"\xfb\xff"
    TEXT = base64.b64encode(DATA).decode()

    @pytest.mark.parametrize(
        "text",
        [
            TEXT,
            TEXT.rstrip("="),
            base64.urlsafe_b64encode(DATA).decode(),
            f"data:image/png;base64,{TEXT}",
            f"data:image/svg+xml;charset=utf-8;base64,{TEXT}",
            f"DATA:image/png;BASE64,{TEXT}",
            f"data:;base64,{TEXT}",
            f"data:base64,{TEXT}",
            f"data:,{TEXT}",
            base64.encodebytes(DATA).decode(),
            f"  data:image/png;base64,\r\n{TEXT}\t\n".strip(" "),
        ],
    )
    def test_every_form(self, text: str) -> None:
        assert decode_base64(text, LIMITS) == self.DATA

    @pytest.mark.parametrize(
        "text", ["data:image/png", "not base64!", "AAAAA", "AA=AA", "ключ", "\ud800AAA"]
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(PictureRefused) as refused:
            decode_base64(text, LIMITS)
        assert refused.value.reason == "bad_base64"

    def test_empty(self) -> None:
        for text in ("", "data:image/png;base64,", " \n"):
            with pytest.raises(PictureRefused) as refused:
                decode_base64(text, LIMITS)
            assert refused.value.reason == "empty"

    def test_the_limit_is_exact(self) -> None:
        limits = Limits(max_bytes=1000)
        for size in (998, 999, 1000):
            text = base64.encodebytes(bytes(size)).decode()
            assert decode_base64(text, limits) == bytes(size)
        for size in (1001, 1002, 1003, 1200, 5000):
            with pytest.raises(PictureRefused) as refused:
                decode_base64(base64.b64encode(bytes(size)).decode(), limits)
            assert refused.value.reason == "too_large"

    def test_thirteen_mebibytes_are_refused_before_decoding(self) -> None:
        for size in (13, 40):
            text = "A" * (size * 1024 * 1024 * 4 // 3)
            tracemalloc.start()
            try:
                with pytest.raises(PictureRefused) as refused:
                    decode_base64(text, LIMITS)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert refused.value.reason == "too_large"
            # The copy without white space at most; none at all when it is far too long.
            assert peak < (3 * len(text) if size == 13 else 100_000)


class TestLoadRgb:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, kind: str) -> None:
        image = load_rgb(saved(painted(), kind), LIMITS)
        assert (image.mode, image.size) == ("RGB", (60, 40))

    @pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "RGBA", "I;16"])
    def test_every_mode(self, mode: str) -> None:
        image = Image.new(mode, (9, 7))
        data = saved(image, "JPEG" if mode == "CMYK" else "PNG")
        assert load_rgb(data, LIMITS).mode == "RGB"

    def test_sixteen_bits_of_grey_keep_their_shades(self) -> None:
        image = Image.new("I;16", (4, 4), 128 * 257)
        assert load_rgb(saved(image, "PNG"), LIMITS).getpixel((0, 0)) == (128, 128, 128)

    def test_what_is_clear_becomes_white(self) -> None:
        clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
        for kind in ("PNG", "WEBP"):
            assert load_rgb(saved(clear, kind), LIMITS).getpixel((1, 1)) == (255, 255, 255)
        half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
        assert load_rgb(saved(half, "PNG"), LIMITS).getpixel((1, 1)) == (127, 127, 127)

    def test_is_turned_as_exif_says(self) -> None:
        image = Image.new("RGB", (40, 20), "white")
        image.paste("red", (0, 0, 20, 20))
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by 90 degrees clockwise: what was left is now on top
        turned = load_rgb(saved(image, "JPEG", exif=exif, quality=95), LIMITS)
        assert turned.size == (20, 40)
        assert turned.getpixel((10, 5))[1] < 40  # type: ignore[index]
        assert turned.getpixel((10, 35))[1] > 215  # type: ignore[index]
        assert load_rgb(saved(image, "JPEG", exif=exif), LIMITS, max_side=10).size == (5, 10)

    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    def test_is_made_smaller_never_larger(self, kind: str) -> None:
        data = saved(painted((900, 300)), kind)
        assert load_rgb(data, LIMITS, max_side=300).size == (300, 100)
        assert load_rgb(data, LIMITS, max_side=5000).size == (900, 300)

    def test_limits_come_first(self) -> None:
        with pytest.raises(PictureRefused, match="pixels"):
            load_rgb(png_claiming(60_000, 60_000), LIMITS)

    def test_pixels_that_do_not_decode(self) -> None:
        with pytest.raises(PictureRefused) as refused:
            load_rgb(png_claiming(50, 50), LIMITS)
        assert refused.value.reason == "unreadable"


class TestThumbnail:
    @pytest.mark.parametrize(
        ("asked", "given"), [(1, 64), (64, 64), (65, 128), (700, 768), (2048, 2048), (9999, 2048)]
    )
    def test_widths_are_a_ladder(self, asked: int, given: int) -> None:
        facts = inspect(thumbnail(saved(painted((3000, 30)), "PNG"), asked), LIMITS)
        assert (facts.mime, facts.width) == ("image/webp", given)

    def test_is_never_made_larger(self) -> None:
        assert inspect(thumbnail(saved(painted(), "PNG"), 2048), LIMITS).width == 60

    def test_a_very_tall_picture_fits_into_webp(self) -> None:
        facts = inspect(thumbnail(saved(Image.new("RGB", (10, 20_000)), "PNG"), 64), LIMITS)
        assert facts.height == 16_383

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, kind: str) -> None:
        assert inspect(thumbnail(saved(painted((200, 100)), kind), 64), LIMITS).height == 32

    def test_broken_bytes(self) -> None:
        with pytest.raises(PictureRefused):
            thumbnail(b"nothing", 64)


def test_pillow_is_imported_when_it_is_needed() -> None:
    check = "import sys, gesso.kit.picture; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
