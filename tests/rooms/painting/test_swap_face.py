"""Face swap: found, put in place, and nothing else is touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gesso.painting.paint import Pixels
from gesso.painting.swap_face import NoFace, find_face, swap_face
from tests.rooms.providers.easel import apart


def draw_face(
    width: int, height: int, at: tuple[int, int], size: int, skin: tuple[int, int, int],
    eye: tuple[int, int, int] = (30, 25, 25),
) -> Pixels:  # fmt: skip
    """Draw a face with the light and shadow that a cascade looks for."""
    canvas = np.full((height, width, 3), (120, 140, 150), np.uint8)
    x, y = at
    tone = np.asarray(skin, float)

    def oval(dx: float, dy: float, rx: float, ry: float, colour: object) -> None:
        centre = (round(x + dx * size), round(y + dy * size))
        axes = (max(1, round(rx * size)), max(1, round(ry * size)))
        ink = tuple(float(c) for c in np.clip(np.asarray(colour, float), 0, 255))
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, ink, -1, cv2.LINE_AA)

    oval(0, -0.12, 0.60, 0.78, (50, 35, 30))
    oval(0, 0, 0.50, 0.66, tone)
    oval(0, -0.36, 0.36, 0.16, tone * 1.12)
    for side in (-1, 1):
        oval(side * 0.27, 0.16, 0.14, 0.12, tone * 1.10)
        oval(side * 0.21, -0.12, 0.16, 0.10, tone * 0.62)
        oval(side * 0.21, -0.22, 0.15, 0.03, (60, 45, 40))
        oval(side * 0.21, -0.10, 0.10, 0.05, (235, 230, 225))
        oval(side * 0.21, -0.10, 0.05, 0.05, eye)
    oval(0, 0.04, 0.05, 0.20, tone * 1.15)
    oval(0, 0.20, 0.11, 0.05, tone * 0.78)
    oval(0, 0.38, 0.20, 0.06, (150, 60, 60))
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), size / 50), np.uint8)


SOURCE = draw_face(260, 300, (130, 150), 170, (225, 180, 150), eye=(20, 60, 160))
TARGET = draw_face(360, 320, (200, 170), 150, (190, 140, 110))


def test_faces_are_found_where_they_are() -> None:
    face = find_face(TARGET)
    assert face is not None
    assert abs(face.x + face.side / 2 - 200) < 20
    assert abs(face.y + face.side / 2 - 175) < 30
    assert find_face(np.full((200, 200, 3), 128, np.uint8)) is None


def test_the_target_wears_the_source_face() -> None:
    swapped = swap_face(SOURCE, TARGET)
    assert swapped.shape == TARGET.shape
    assert np.array_equal(swapped[:40], TARGET[:40])
    assert np.array_equal(swapped[:, :90], TARGET[:, :90])
    face = np.s_[110:240, 140:260]
    assert apart(swapped[face], TARGET[face]) > 1.5
    # Both are about one skin colour now: the source was much lighter.
    cheek = np.s_[190:205, 165:175]
    assert apart(swapped[cheek], TARGET[cheek]) < 22


def test_the_picture_without_a_face_is_named() -> None:
    empty = np.full((200, 200, 3), 128, np.uint8)
    with pytest.raises(NoFace, match="source"):
        swap_face(empty, TARGET)
    with pytest.raises(NoFace, match="target"):
        swap_face(SOURCE, empty)
