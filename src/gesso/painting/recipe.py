"""How a delivered picture was made, as JSON: what the painter needs to go on from it later."""

from __future__ import annotations

import base64
import dataclasses
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gesso.painting.brief import Brief, Window

Frame = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Bend:
    """The plane is as it was inside a frame, and drifts into another world outside of it.

    Bends make candidates of a zoom or pan differ where the old picture showed nothing,
    without a seam: the coordinates move, and nothing is mixed.
    """

    frame: Frame  #: Left, top, right and bottom in plane units.
    seed: int


@dataclass(frozen=True, slots=True)
class Mask:
    """Where a repaint shows: a coarse bitmap laid over a frame of the plane."""

    frame: Frame
    width: int
    height: int
    bits: bytes  #: Rows of bits as `numpy.packbits` writes them, deflated.


@dataclass(frozen=True, slots=True)
class Region:
    """Another picture laid over a part of the plane."""

    inner: Recipe
    mask: Mask | None = None  #: Only here, soft inside its edge.
    frame: Frame | None = None  #: All of this frame, fading out beyond its edge.


@dataclass(frozen=True, slots=True)
class Recipe:
    """One picture: a brief, the window that shows it, and what was laid over it."""

    brief: Brief
    window: Window
    bends: tuple[Bend, ...] = ()
    layers: tuple[Region, ...] = field(default=())
    detail: int = 0  #: Extra fine texture, by a creative upscale.
    period: Window | None = None  #: The world repeats after this window (`--tile`).
    calm: bool = False  #: Nothing falls; a film lets it fall over the picture.
    #: Only the stored pixels tell what the picture shows; the brief continues around them.
    flat: bool = False

    def varied(self, how: str, seed: int) -> Recipe:
        """Return the recipe of a variation, with everything that is laid over it."""
        layers = tuple(replace(one, inner=one.inner.varied(how, seed)) for one in self.layers)
        return replace(self, brief=self.brief.varied(how, seed), layers=layers)

    def write(self) -> dict[str, Any]:
        """Return JSON values; fields with their default are left out."""
        return dict(_write(self))


def read(value: Mapping[str, Any]) -> Recipe:
    """Return the recipe that `Recipe.write` gave.

    Raises KeyError, TypeError or ValueError when it did not.
    """
    brief = dict(value["brief"])
    for name in ("without", "vary", "tints", "cast", "stage"):
        if brief.get(name) is not None:
            brief[name] = _tuples(brief[name])
    return Recipe(
        brief=Brief(**brief),
        window=Window(**value["window"]),
        bends=tuple(Bend(_tuples(b["frame"]), b["seed"]) for b in value.get("bends", ())),
        layers=tuple(_read_region(one) for one in value.get("layers", ())),
        detail=value.get("detail", 0),
        period=Window(**value["period"]) if value.get("period") else None,
        calm=value.get("calm", False),
        flat=value.get("flat", False),
    )


def write_mask(mask: Mask) -> dict[str, Any]:
    """Return a mask as JSON values."""
    return dict(_write(mask))


def read_mask(value: Mapping[str, Any]) -> Mask:
    """Return the mask that `write_mask` gave."""
    bits = base64.b64decode(value["bits"])
    return Mask(_tuples(value["frame"]), value["width"], value["height"], bits)


def pack(rows: bytes) -> bytes:
    """Deflate a bitmap; masks are mostly even, so a few hundred bytes are left."""
    return zlib.compress(rows, 9)


def unpack(bits: bytes) -> bytes:
    """Return the bitmap that `pack` deflated."""
    return zlib.decompress(bits)


def _read_region(value: Mapping[str, Any]) -> Region:
    return Region(
        read(value["inner"]),
        read_mask(value["mask"]) if value.get("mask") else None,
        _tuples(value["frame"]) if value.get("frame") else None,
    )


def _write(thing: Any) -> Any:
    if isinstance(thing, bytes):
        return base64.b64encode(thing).decode()
    if isinstance(thing, tuple):
        return [_write(one) for one in thing]
    if not dataclasses.is_dataclass(thing):
        return thing
    return {
        one.name: _write(value)
        for one in dataclasses.fields(thing)
        if (value := getattr(thing, one.name)) != one.default
    }


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list | tuple) else value
