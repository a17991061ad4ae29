"""What to paint and which window of the plane to show; pure, without numpy."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

#: What a loose variation keeps, so that it fits into the picture around it.
_KEPT = {(name,) for name in ("horizon", "sun", "sun height", "sun size", "turn", "time")}


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
    vary: tuple[tuple[str, int], ...] = ()  #: Chain of (subtle|loose|strong, seed).
    tints: tuple[tuple[float, float, float], ...] = ()  #: Colours of image prompts, 0–1 RGB.
    roots: str = ""  #: Words whose hash draws what is not said, when they are not `text`.
    cast: tuple[str, ...] | None = None  #: Exactly these subjects, whatever the words name.
    stage: tuple[float, float, float] | None = None  #: Where subjects stand: x, y, half height.

    def varied(self, how: str, seed: int) -> Brief:
        """Return the brief of a variation of this picture."""
        return replace(self, vary=(*self.vary, (how, seed)))

    def number(self, *what: object) -> float:
        """Return a number in 0–1 that belongs to this brief, its tile and a name."""
        drawn = self._strong(loose=what[:1] not in _KEPT)
        return unit("tile", self._root(), self.seed, self.tile, drawn, *what)

    def shared(self, *what: object) -> float:
        """Like `number`, but the same for all four tiles."""
        return unit("all", self._root(), self.seed, *what)

    def word(self, *what: object) -> float:
        """Like `number`, but of the words alone: what makes two prompts differ."""
        return unit("word", self._root(), *what)

    def between(self, low: float, high: float, *what: object) -> float:
        """Return a number of this tile between two ends, moved a little by variations."""
        value = self.number(*what)
        for how, seed in self.vary:
            if how != "strong":
                value += 0.16 * (unit("vary", seed, self.tile, *what) - 0.5)
        return low + (high - low) * min(1.0, max(0.0, value))

    def salt(self, *what: object) -> int:
        """Return a 31-bit salt for noise that belongs to this tile and a name."""
        return int(self.number("salt", *what) * 0x7FFFFFFF)

    def _strong(self, loose: bool) -> tuple[int, ...]:
        hows = {"strong", "loose"} if loose else {"strong"}
        return tuple(seed for how, seed in self.vary if how in hows)

    def _root(self) -> str:
        return (self.roots or self.text).lower()


def unit(*what: object) -> float:
    """Return a number in 0–1 that belongs to these values; the same in every process."""
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


@dataclass(frozen=True, slots=True)
class Window:
    """A view as pixels, numbered from the plane's origin.

    Two windows with the same `px` compute with exactly the same coordinates where they
    overlap, so what both show is the same in every byte.
    """

    px: float  #: Width of a pixel in plane units.
    column: int
    row: int
    width: int
    height: int

    @classmethod
    def of(cls, view: View, width: int, height: int) -> Window:
        """Return the pixels of a view."""
        px = view.width / width
        return cls(px, round(view.x / px), round(view.y / px), width, height)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in plane units."""
        px = self.px
        right, bottom = self.column + self.width, self.row + self.height
        return self.column * px, self.row * px, right * px, bottom * px

    def rows(self, start: int, stop: int) -> Window:
        """Return a band of this window."""
        return replace(self, row=self.row + start, height=stop - start)

    def scaled(self, factor: float) -> Window:
        """Return the same view with more (or, below 1, fewer) pixels."""
        width, height = max(1, round(self.width * factor)), max(1, round(self.height * factor))
        px = self.px * self.width / width
        left, top, *_ = self.box
        return Window(px, round(left / px), round(top / px), width, height)


def size_for(aspect: tuple[float, float], pixels: int) -> tuple[int, int]:
    """Return width and height in pixels, both divisible by 16, of about `pixels` in all."""
    ratio = aspect[0] / aspect[1]
    width = max(16, round(math.sqrt(pixels * ratio) / 16) * 16)
    return width, max(16, round(math.sqrt(pixels / ratio) / 16) * 16)
