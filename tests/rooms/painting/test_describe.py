"""Describe: four different lines that fit the pixels, and our own prompt when it is there."""

from __future__ import annotations

import numpy as np
import pytest

from gesso.painting.brief import Brief, View
from gesso.painting.describe import as_text, aspect_of, describe, look_at
from gesso.painting.paint import paint
from gesso.painting.sheet import write_file
from tests.rooms.providers.easel import png


def test_ours_tell_their_prompt_first() -> None:
    picture = paint(Brief("a fox", 1), View.default((3, 2)), 96, 64)
    for pixels in (picture, np.kron(picture, np.ones((25, 25, 1), np.uint8))):
        lines = describe(write_file(pixels, {"prompt": "a fox in\nthe snow"}))
        assert lines[0] == "a fox in the snow --ar 3:2"
        assert len(set(lines)) == 4
        assert all(line.endswith(" --ar 3:2") for line in lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [("a desert by day", ("orange", "yellow", "brown")), ("neon city at night", ("night",)),
     ("the sea at sunset", ("sunset",)), ("a snowy field, day", ("high-key", "white", "pale"))],
)  # fmt: skip
def test_what_is_told_fits(text: str, words: tuple[str, ...]) -> None:
    lines = describe(png(paint(Brief(text, 4), View.default((1, 1)), 128, 128)))
    assert len(set(lines)) == 4
    assert any(word in " ".join(lines) for word in words), lines


def test_even_pictures_can_be_told() -> None:
    dark = look_at(np.zeros((30, 50, 3), np.uint8))
    assert (dark.colours[0], dark.time) == ("black", "night")
    red = look_at(np.full((50, 30, 3), (220, 20, 20), np.uint8))
    assert red.colours[0] == "red"
    assert len(describe(png(np.zeros((3, 5, 3))))) == 4


def test_aspect() -> None:
    assert aspect_of(np.zeros((90, 160, 3), np.uint8)) == "16:9"
    assert aspect_of(np.zeros((1001, 1503, 3), np.uint8)) == "3:2"


def test_text() -> None:
    assert as_text(["a", "b"]) == "1️⃣ a\n\n2️⃣ b"
