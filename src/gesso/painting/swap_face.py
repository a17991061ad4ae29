"""Put the face of one picture onto another: found by cascades, aligned, matched, cloned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gesso.painting.failure import Failed
from gesso.painting.paint import Pixels

_CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_frontalface_alt2.xml")
#: Longest side in which faces are looked for; larger pictures are made smaller for it.
_SIDE = 900


class NoFace(Failed):
    """One of the pictures shows no face."""

    def __init__(self, which: str) -> None:
        """Name the picture."""
        super().__init__("no_face", f"no face was found in the {which} picture")


@dataclass(frozen=True, slots=True)
class Face:
    """Where a face is, in pixels: its box, and its eyes when both were seen."""

    x: float
    y: float
    side: float
    eyes: tuple[tuple[float, float], tuple[float, float]]


def swap_face(source: Pixels, target: Pixels) -> Pixels:
    """Return the target with the face of the source; raises NoFace naming the picture."""
    import cv2

    giver, taker = find_face(source), find_face(target)
    if giver is None:
        raise NoFace("source")
    if taker is None:
        raise NoFace("target")
    height, width = target.shape[:2]
    moved = cv2.warpAffine(
        source, _onto(giver, taker), (width, height),
        flags=cv2.INTER_AREA if giver.side > taker.side else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    mask = _oval(taker, width, height)
    matched = _matched(np.asarray(moved, np.uint8), target, mask > 0)
    box = _bounds(mask)
    centre = ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)
    part = np.s_[box[1] : box[3], box[0] : box[2]]
    cloned = cv2.seamlessClone(matched[part], target, mask[part], centre, cv2.NORMAL_CLONE)
    return np.asarray(cloned, np.uint8)


def find_face(pixels: Pixels) -> Face | None:
    """Return the largest face of a picture, None when there is none."""
    import cv2

    height, width = pixels.shape[:2]
    factor = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    for name in _CASCADES:
        found = _cascade(name).detectMultiScale(grey, 1.08, 4, minSize=(36, 36))
        if len(found):
            x, y, side, _ = (int(n) for n in max(found, key=lambda box: box[2]))
            return _face(grey, x, y, side, factor)
    return None


def _cascade(name: str) -> Any:
    import cv2
    import cv2.data

    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / name))


def _face(grey: Any, x: int, y: int, side: int, factor: float) -> Face:
    upper = grey[y : y + round(side * 0.6), x : x + side]
    found = _cascade("haarcascade_eye.xml").detectMultiScale(upper, 1.06, 4)
    spots = [(x + ex + ew / 2, y + ey + eh / 2) for ex, ey, ew, eh in found]
    left = [s for s in spots if s[0] < x + side * 0.46]
    right = [s for s in spots if s[0] > x + side * 0.54]
    # Where eyes are in most faces, for glasses and closed eyes.
    eyes = ((x + side * 0.31, y + side * 0.40), (x + side * 0.69, y + side * 0.40))
    if len(left) == 1 and len(right) == 1 and abs(left[0][1] - right[0][1]) < 0.2 * side:
        eyes = (left[0], right[0])
    scaled = tuple((ex / factor, ey / factor) for ex, ey in eyes)
    return Face(x / factor, y / factor, side / factor, (scaled[0], scaled[1]))


def _onto(giver: Face, taker: Face) -> Any:
    """Return the turn, scale and shift (2 × 3) that bring one face's eyes onto the other's."""
    (ax, ay), (bx, by) = giver.eyes
    (cx, cy), (dx, dy) = taker.eyes
    from_, to = complex(bx - ax, by - ay), complex(dx - cx, dy - cy)
    turn = to / from_
    # Boxes say more of the size than eyes do, which are found a pixel here or there.
    turn *= taker.side / giver.side / abs(turn)
    shift = complex((cx + dx) / 2, (cy + dy) / 2) - turn * complex((ax + bx) / 2, (ay + by) / 2)
    return np.asarray(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32
    )


def _oval(face: Face, width: int, height: int) -> Pixels:
    import cv2

    mask = np.zeros((height, width), np.uint8)
    centre = (round(face.x + face.side / 2), round(face.y + face.side * 0.50))
    axes = (round(face.side * 0.33), round(face.side * 0.40))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    # The clone needs room around the mask.
    mask[:2] = mask[-2:] = 0
    mask[:, :2] = mask[:, -2:] = 0
    return mask


def _bounds(mask: Pixels) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _matched(moved: Pixels, target: Pixels, inside: Any) -> Pixels:
    """Give the moved face the light and the skin colour of the face it replaces."""
    import cv2

    own = cv2.cvtColor(moved.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    goal = cv2.cvtColor(target.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mean, spread = own[inside].mean(axis=0), own[inside].std(axis=0) + 1
    wanted, width = goal[inside].mean(axis=0), goal[inside].std(axis=0) + 1
    gain = np.clip(width / spread, 0.75, 1.3)
    rgb = cv2.cvtColor(((own - mean) * gain + wanted).astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(rgb * 255 + 0.5, 0, 255), np.uint8)
