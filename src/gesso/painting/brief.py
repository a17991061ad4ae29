"""What to paint and which window of the plane to show; pure, without numpy."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Brief:
    """A picture, told completely: the same brief always gives the same picture."""

    text: str
    seed: int
    tile: int = 1  #: 1–4: which of the four pictures.
    stylize: int = 100  #: 0 is plain, 1000 is lavish.
    chaos: int = 0  #: 0–100: how far the four pictures are apart.
    weird: int = 0  #: 0–3000: how strange colours and shapes may be.
    without: tuple[str, ...] = ()  #: Words whose elements and colours must not show.
    niji: bool = False  #: Flat colours and outlines, as in drawn films.
    seamless: bool = False  #: Edges fit each other in both directions.
    raw: bool = False
    vary: tuple[tuple[str, int], ...] = ()  #: Chain of (subtle|strong, seed).
    tints: tuple[tuple[float, float, float], ...] = ()  #: Colours of image prompts, 0–1 RGB.

    def varied(self, how: str, seed: int) -> Brief:
        """Return the brief of a variation of this picture."""
        return replace(self, vary=(*self.vary, (how, seed)))

    def number(self, *what: object) -> float:
        """Return a number in 0–1 that belongs to this brief, its tile and a name."""
        return _unit("tile", self.text.lower(), self.seed, self.tile, self._strong(), *what)

    def shared(self, *what: object) -> float:
        """Like `number`, but the same for all four tiles."""
        return _unit("all", self.text.lower(), self.seed, *what)

    def word(self, *what: object) -> float:
        """Like `number`, but of the words alone: what makes two prompts differ."""
        return _unit("word", self.text.lower(), *what)

    def between(self, low: float, high: float, *what: object) -> float:
        """Return a number of this tile between two ends, moved a little by variations."""
        value = self.number(*what)
        for how, seed in self.vary:
            if how == "subtle":
                value += 0.16 * (_unit("vary", seed, self.tile, *what) - 0.5)
        return low + (high - low) * min(1.0, max(0.0, value))

    def salt(self, *what: object) -> int:
        """Return a 31-bit salt for noise that belongs to this tile and a name."""
        return int(self.number("salt", *what) * 0x7FFFFFFF)

    def _strong(self) -> tuple[int, ...]:
        return tuple(seed for how, seed in self.vary if how == "strong")


def _unit(*what: object) -> float:
    digest = hashlib.blake2b(repr(what).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


@dataclass(frozen=True, slots=True)
class View:
    """A window on the plane, in scene units; x grows to the right and y downwards."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def default(cls, aspect: tuple[float, float]) -> View:
        """Return the window of a new picture: centred, with an area of 1."""
        ratio = aspect[0] / aspect[1]
        width, height = math.sqrt(ratio), 1 / math.sqrt(ratio)
        return cls(-width / 2, -height / 2, width, height)


def size_for(aspect: tuple[float, float], pixels: int) -> tuple[int, int]:
    """Return width and height in pixels, both divisible by 16, of about `pixels` in all."""
    ratio = aspect[0] / aspect[1]
    width = max(16, round(math.sqrt(pixels * ratio) / 16) * 16)
    return width, max(16, round(math.sqrt(pixels / ratio) / 16) * 16)
