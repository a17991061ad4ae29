"""Pictures in the size and format asked for."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gesso.kit.convert import FORMATS, convert
from tests.upstream import png


@pytest.mark.parametrize("form", FORMATS)
def test_size_and_format(form: str) -> None:
    with Image.open(io.BytesIO(convert(png(64, 32), (50, 50), form))) as made:
        assert (made.size, made.format) == ((50, 50), FORMATS[form])


def test_without_a_size_it_stays() -> None:
    with Image.open(io.BytesIO(convert(png(64, 32), None, "png"))) as made:
        assert made.size == (64, 32)
        assert made.getpixel((5, 5)) == (200, 90, 160)
