"""Results are told apart by their head: clips are opened, pictures inspected as always."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy
import pytest

from gesso.kit import media
from gesso.kit.picture import Limits, PictureRefused
from tests.upstream import png


def clip(frames: int = 3) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for level in range(frames):
            grey = numpy.full((16, 32, 3), level * 40, numpy.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def test_a_clip_and_a_picture() -> None:
    facts = media.inspect(clip(), Limits())
    assert (facts.mime, facts.width, facts.height, facts.frames) == ("video/mp4", 32, 16, 3)
    assert media.inspect(png(4, 5), Limits()).mime == "image/png"


@pytest.mark.parametrize("keep", [12, 200])
def test_a_torn_clip_is_refused(keep: int) -> None:
    with pytest.raises(PictureRefused) as refusal:
        media.inspect(clip()[:keep], Limits())
    assert refusal.value.reason == "unreadable"


def test_a_clip_may_be_as_large_as_a_result() -> None:
    with pytest.raises(PictureRefused) as refusal:
        media.inspect(clip(), Limits(max_bytes=100))
    assert refusal.value.reason == "too_large"


def test_an_avif_picture_is_no_clip() -> None:
    with pytest.raises(PictureRefused) as refusal:
        media.inspect(b"\0\0\0\x1cftypavif" + b"\0" * 40, Limits())
    assert "clip" not in str(refusal.value)
