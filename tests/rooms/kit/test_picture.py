"""Pictures from strangers."""

from __future__ import annotations

import base64
import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gesso.kit import picture
from gesso.kit.picture import Limits, PictureRefused

LIMITS = Limits(max_bytes=100_000, max_pixels=10_000, max_frames=3)


def made(kind: str, size: tuple[int, int] = (20, 10)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 40)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime"),
    [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp"), ("GIF", "gif"), ("AVIF", "avif")],
)
def test_every_kind_in_every_spelling(kind: str, mime: str) -> None:
    data = made(kind)
    plain = base64.b64encode(data).decode()
    for text in (
        plain,
        plain.rstrip("="),
        base64.urlsafe_b64encode(data).decode(),
        "\n".join(plain[i : i + 76] for i in range(0, len(plain), 76)),
        f"data:image/{mime};base64,{plain}",
        f"data:;base64,{plain}",
        f"data:image/png;charset=utf-8;base64,{plain}",
    ):
        assert picture.decode_base64(text, LIMITS) == data
    facts = picture.inspect(data, LIMITS)
    assert (facts.mime, facts.width, facts.height, facts.frames) == (f"image/{mime}", 20, 10, 1)


@given(st.text())
def test_any_text_is_decoded_or_refused(text: str) -> None:
    with contextlib.suppress(PictureRefused):
        assert picture.decode_base64(text, LIMITS)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    heads = (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"\xff\xd8\xff",
    )
    for head in heads:
        with pytest.raises(PictureRefused):
            picture.inspect(head + data, LIMITS)


def test_limits() -> None:
    for data, reason in (
        (made("PNG", (200, 100)), "too_many_pixels"),
        (made("PNG")[:30], "unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unreadable"),
        (b"x" * 100_001, "too_large"),
    ):
        with pytest.raises(PictureRefused) as refusal:
            picture.inspect(data, LIMITS)
        assert refusal.value.reason == reason


def test_exif_turns_the_picture() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(out, "JPEG", exif=exif)
    assert picture.load_rgb(out.getvalue(), LIMITS).size == (10, 20)


def test_thumbnails_never_grow() -> None:
    with Image.open(io.BytesIO(picture.thumbnail(made("PNG"), 64))) as small:
        assert small.size == (20, 10)
    with Image.open(io.BytesIO(picture.thumbnail(made("PNG"), 10))) as small:
        assert small.size == (10, 5)
