"""The painter: deterministic, exact on the plane, and every flag acts."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gesso.painting.brief import Brief, View, size_for
from gesso.painting.paint import Pixels, paint
from gesso.painting.words import understand

SIZE = 128
SQUARE = View.default((1, 1))


def show(text: str = "a red fox in the snow", **fields: Any) -> Pixels:
    return paint(Brief(text, fields.pop("seed", 7), **fields), SQUARE, SIZE, SIZE)


def apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_the_same_in_another_process() -> None:
    here = hashlib.sha256(show().tobytes()).hexdigest()
    code = (
        "import hashlib; from gesso.painting.brief import *;"
        "from gesso.painting.paint import paint;"
        f"p = paint(Brief('a red fox in the snow', 7), View.default((1, 1)), {SIZE}, {SIZE});"
        "print(hashlib.sha256(p.tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_words_seed_and_tile_change_the_picture() -> None:
    base = show()
    assert apart(base, show("a blue whale in the ocean")) > 10
    assert apart(show("asdf"), show("qwer")) > 5
    assert apart(base, show(seed=8)) > 2
    assert apart(base, show(tile=2)) > 2


@pytest.mark.parametrize(
    "text",
    ["mountains", "the sea", "a forest", "a desert", "a city at night", "a meadow", "deep space",
     "underwater reef", "abstract", "misty forest", "pixel art cat", "ink sketch of a house",
     "watercolor owl", "oil painting of a boat", "neon robot", "minimalist tree",
     "一只红色的狐狸在雪中"],
)  # fmt: skip
@pytest.mark.parametrize("shift", [(16, 0), (-7, 21)])
def test_another_window_shows_the_same_world(text: str, shift: tuple[int, int]) -> None:
    dx, dy = shift
    brief = Brief(text, 3)
    a = paint(brief, SQUARE, SIZE, SIZE)
    moved = View(SQUARE.x + dx / SIZE, SQUARE.y + dy / SIZE, 1, 1)
    b = paint(brief, moved, SIZE, SIZE)
    rows = slice(max(0, dy), SIZE + min(0, dy))
    columns = slice(max(0, dx), SIZE + min(0, dx))
    back_rows = slice(max(0, -dy), SIZE + min(0, -dy))
    back_columns = slice(max(0, -dx), SIZE + min(0, -dx))
    assert np.array_equal(a[rows, columns], b[back_rows, back_columns])


def test_a_larger_size_is_the_same_scene_in_more_detail() -> None:
    brief = Brief("a castle on a mountain", 5)
    small = paint(brief, SQUARE, SIZE, SIZE)
    large = paint(brief, SQUARE, 2 * SIZE, 2 * SIZE).astype(float)
    shrunk = large.reshape(SIZE, 2, SIZE, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 4


def test_flags_act() -> None:
    base = show()
    for fields in (
        {"stylize": 0}, {"stylize": 1000}, {"weird": 3000}, {"niji": True}, {"raw": True},
        {"seamless": True}, {"tints": ((0.1, 0.8, 0.2),) * 5},
    ):  # fmt: skip
        assert apart(base, show(**fields)) > 1, fields


def test_chaos_drives_the_four_apart() -> None:
    def spread(chaos: int) -> float:
        return apart(show(chaos=chaos), show(chaos=chaos, tile=2))

    assert spread(100) > spread(0) + 2


def test_variations_are_near_or_far() -> None:
    brief = Brief("a sailboat on the sea", 9)
    base = paint(brief, SQUARE, SIZE, SIZE)
    near = paint(brief.varied("subtle", 1), SQUARE, SIZE, SIZE)
    far = paint(brief.varied("strong", 1), SQUARE, SIZE, SIZE)
    assert 0 < apart(base, near) < apart(base, far)


def test_without_removes() -> None:
    brief = Brief("a fox and a rabbit in a snowy forest at night", 1)
    assert {"fox", "rabbit", "snow", "forest", "night"} <= set(understand(brief).elements())
    left = understand(replace(brief, without=("rabbits", "snow", "forest"))).elements()
    assert "fox" in left
    assert not {"rabbit", "snow", "forest"} & set(left)
    red = show("a red house")
    none = show("a red house", without=("red",))

    def redness(picture: Pixels) -> float:
        p = picture.astype(int)
        return float(((p[..., 0] > p[..., 1] + 70) & (p[..., 0] > p[..., 2] + 70)).mean())

    assert redness(none) < redness(red) / 2


def test_seamless_edges_meet() -> None:
    picture = show("flowers", seamless=True).astype(int)
    inner = np.abs(np.diff(picture, axis=1)).mean()
    assert np.abs(picture[:, 0] - picture[:, -1]).mean() < 3 * inner + 6
    assert np.abs(picture[0] - picture[-1]).mean() < 3 * inner + 6


def test_sizes() -> None:
    assert size_for((1, 1), 1024 * 1024) == (1024, 1024)
    for aspect in ((16, 9), (2, 3), (14, 1)):
        width, height = size_for(aspect, 640 * 640)
        assert width % 16 == height % 16 == 0
        assert abs(width / height / (aspect[0] / aspect[1]) - 1) < 0.06
