"""One order as parts that can be painted side by side, and how they become its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gesso.domain.provider import Delivered
from gesso.painting.brief import size_for
from gesso.painting.paint import Pixels, render
from gesso.painting.recipe import Recipe
from gesso.painting.sheet import grid, half_done, shrunk, write_file, write_webp

#: Pixels of each picture in a preview.
_SMALL = 160 * 160


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that an order yields."""

    pictures: Sequence[Delivered] = ()
    expected: int = 0  #: Single pictures that were ordered in a grid; 0 without a grid.
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """An order, ready to be painted in threads."""

    parts: Sequence[Callable[[], Any]]  #: Each is called once, in any order.
    finish: Callable[[Sequence[Any]], Result]  #: Takes what the parts returned.
    sketch: Callable[[], list[Pixels]] | None = None  #: Small and quick, for previews.
    shown: Callable[[Sequence[Any]], list[Pixels]] = list  #: The parts as pictures.


def painted_grid(
    recipes: Sequence[Recipe],
    note: Mapping[str, str],
    facts: Mapping[str, Any],
    paints: Sequence[Callable[[], Pixels]] | None = None,
) -> Work:
    """Return the work of a grid of four; without `paints` the recipes are painted as they are."""

    def finish(pictures: Sequence[Pixels]) -> Result:
        tiles = [Delivered(n, write_file(p, note)) for n, p in enumerate(pictures, 1)]
        sheet = Delivered(0, write_file(grid(_fitting(pictures)), note))
        return Result([sheet, *tiles], 4, {**facts, "recipes": [r.write() for r in recipes]})

    if paints is not None:
        return Work(paints, finish)
    parts = [lambda r=r: render(r) for r in recipes]
    return Work(parts, finish, sketch=lambda: [render(_small(r)) for r in recipes])


def painted_single(
    recipe: Recipe,
    note: Mapping[str, str],
    facts: Mapping[str, Any],
    paint: Callable[[], Pixels],
    sketched: bool = True,
) -> Work:
    """Return the work of one picture; `sketched` says that its recipe can paint previews."""

    def finish(pictures: Sequence[Pixels]) -> Result:
        shown = [Delivered(0, write_file(pictures[0], note))]
        return Result(shown, 0, {**facts, "recipes": [recipe.write()]})

    sketch = (lambda: [render(_small(recipe))]) if sketched else None
    return Work([paint], finish, sketch)


def text_only(result: Result) -> Work:
    """Return the work of something that is told and not painted."""
    return Work((), lambda _: result)


def previews(pictures: Sequence[Pixels], steps: Sequence[int]) -> list[bytes]:
    """Return partial pictures (WebP), ever clearer, for progress steps in per cent."""
    small = [shrunk(p, _SMALL) for p in pictures]
    sheet = grid(small) if len(small) == 4 else small[0]
    return [write_webp(half_done(sheet, step / 100)) for step in steps]


def _small(recipe: Recipe) -> Recipe:
    from dataclasses import replace

    window = recipe.window
    width, _ = size_for((window.width, window.height), _SMALL)
    return replace(recipe, window=window.scaled(width / window.width))


def _fitting(pictures: Sequence[Pixels]) -> list[Pixels]:
    """Return pictures no larger than a grid needs: four enlarged ones would be enormous."""
    return [shrunk(p, 1024 * 1024) for p in pictures]
