"""Pictures on their way to and from a backend."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gesso.domain.errors import Garbled, Refused
from gesso.upstream import pictures
from tests.rooms.providers.diffusion_jobs import SIZE, left_half, picture, pixels
from tests.upstream import cut_png


def test_outside_of_a_mask_nothing_changes() -> None:
    source = picture()
    _, (shown,) = pictures.finished([picture(red=3)], source, left_half())
    half = SIZE[0] // 2
    assert (pixels(shown)[:, half:] == pixels(source)[:, half:]).all()
    assert (pixels(shown)[:, :half] == pixels(picture(red=3))[:, :half]).all()


@pytest.mark.parametrize(("count", "shape"), [(1, (64, 128)), (2, (64, 256)), (4, (128, 256))])
def test_grids(count: int, shape: tuple[int, int]) -> None:
    files = [picture(red=n) for n in range(count)]
    whole, tiles = pictures.finished(files, None, None)
    assert pixels(whole).shape == (*shape, 3)
    assert tiles == files


@pytest.mark.parametrize("data", [b"", b"none", cut_png()])
def test_broken_pictures(data: bytes) -> None:
    with pytest.raises(Garbled):
        pictures.finished([data], None, None)
    with pytest.raises(Garbled):
        pictures.single(data, None)
    with pytest.raises(Refused):
        pictures.fitted(data, (8, 8))
    assert pictures.preview(data) is None


def test_a_picture_is_placed_on_a_larger_canvas() -> None:
    ground, mask = pictures.spread(picture(), (192, 64), (64, 0, 192, 64))
    assert (pixels(ground)[:, 64:] == pixels(picture())).all()
    with Image.open(io.BytesIO(mask)) as level:
        assert level.mode == "L"
        # A few pixels of the old picture are repainted too, so that no seam shows.
        assert level.point(lambda v: 255 - v).getbbox() == (72, 0, 192, 64)


def test_sizes() -> None:
    assert pictures.size_of(picture((40, 30))) == (40, 30)
    assert pixels(pictures.fitted(picture(), (32, 32))).shape == (32, 32, 3)
    assert pixels(pictures.single(picture(), (64, 32))).shape == (32, 64, 3)
    assert pictures.single(picture(), SIZE) == picture()
    shown = pictures.preview(picture((1500, 500)))
    assert shown is not None
    assert shown[8:12] == b"WEBP"
    assert pixels(shown).shape[1] == 512
