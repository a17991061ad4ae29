"""From a commission to its work: which hand paints which action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused
from gesso.domain.provider import Delivered
from gesso.domain.task import Action
from gesso.painting import desk, flat, footage, reframe, region, shape
from gesso.painting.brief import View, Window, size_for
from gesso.painting.commission import TAKING, Commission
from gesso.painting.original import Original, settled
from gesso.painting.paint import Pixels
from gesso.painting.recipe import Mask, Recipe
from gesso.painting.sheet import write_webp
from gesso.painting.tints import tints_of
from gesso.painting.upscale import enlarged, upscale
from gesso.painting.work import Result, Work, painted_grid, painted_single, text_only

_UPSCALERS = {
    Deed.UPSCALE_SUBTLE: (2, False),
    Deed.UPSCALE_CREATIVE: (2, True),
    Deed.UPSCALE_2X: (2, False),
    Deed.UPSCALE_4X: (4, False),
}
_STRONG = frozenset({Deed.HIGH_VARIATION})


def compose(job: Commission, stored: bytes | None) -> Work:
    """Return the work of a job; `stored` holds the bytes of its `blob`.

    Raises Refused when it cannot be done.
    """
    action = job.action
    if job.deed in TAKING or (action is Action.UPSCALE and job.deed not in _UPSCALERS):
        return _take(job, stored)
    if action is Action.UPSCALE:
        return _enlarge(job, job.original(stored))
    hand = _HANDS.get(action)
    if hand is not None:
        return hand(job, stored)
    return _imagine(job)


def _imagine(job: Commission) -> Work:
    tints = tints_of(job.pictures)
    wide, high = job.words.aspect
    window = Window.of(View.default((wide, high)), *size_for((wide, high), job.pixels))
    period = window if job.words.flags.has("tile") else None
    briefs = [job.brief(job.words.text, tile, tints) for tile in range(1, 5)]
    made = [Recipe(brief, window, period=period) for brief in briefs]
    return painted_grid(made, job.note, {"seed": job.seed})


def _take(job: Commission, stored: bytes | None) -> Work:
    """U1–U4: one file out of the parent's, to the byte."""
    if stored is None or job.parent is None:
        raise Refused("the parent task is gone")
    facts: dict[str, Any] = {"seed": job.parent.result.get("seed")}
    known = job.parent.result.get("recipes")
    if known:
        facts["recipes"] = [known[max(job.place - 1, 0)]]
    if job.deed is not Deed.VIDEO_UPSCALE:
        return text_only(Result([Delivered(0, stored)], 0, facts))
    for name in ("duration_s", "frames", "width", "height"):
        facts[name] = job.parent.result.get(name)
    poster = Delivered(0, write_webp(footage.first_frame(stored), quality=90))
    return text_only(Result([poster, Delivered(1, stored)], 0, facts))


def _enlarge(job: Commission, original: Original) -> Work:
    assert job.deed is not None
    factor, creative = _UPSCALERS[job.deed]
    made = enlarged(original.recipe, factor, creative)
    return painted_single(
        made,
        job.note,
        {"seed": job.seed},
        lambda: upscale(original, factor, creative),
        sketched=original.pixels is None,
    )


def _vary(job: Commission, stored: bytes | None) -> Work:
    original = job.original(stored)
    remix = job.action is Action.REMIX and job.order.get("strength", "strong") != "subtle"
    how = "strong" if job.deed in _STRONG or remix or job.order.get("strong") else "subtle"
    seeds = _seeds(job)
    if original.pixels is not None:
        told = replace(original.recipe, brief=replace(original.recipe.brief, seed=job.seed))
        return _grid(job, [told] * 4, [
            lambda s=s: flat.vary(original, how, s) for s in seeds  # type: ignore[misc]
        ])  # fmt: skip
    recipe = replace(original.recipe, window=settled(original.recipe.window, job.pixels))
    if job.words.text and not _same(job.words.text, recipe.brief, job):
        brief = replace(recipe.brief, text=job.words.text, cast=None, stage=None)
        recipe = replace(recipe, brief=brief)
    return _grid(job, [recipe.varied(how, s) for s in seeds])


def _reframe(job: Commission, stored: bytes | None) -> Work:
    original = job.original(stored)
    recipe = original.recipe
    if job.deed in reframe.PANS:
        window = reframe.panned(recipe.window, job.deed, job.pixels)
    else:
        window = _zoomed(job, recipe)
    text = job.words.text if _new_words(job) else recipe.brief.text
    made = [reframe.candidate(recipe, window, text, seed) for seed in _seeds(job)]
    if original.pixels is None:
        return _grid(job, made)
    # The pasted picture is the frame; only the world around it is painted.
    made = [replace(one, layers=(), flat=True) for one in made]
    return _grid(job, made, [
        lambda r=r: reframe.surround(original, r) for r in made  # type: ignore[misc]
    ])  # fmt: skip


def _zoomed(job: Commission, recipe: Recipe) -> Window:
    old = recipe.window
    aspect: tuple[float, float] = (old.width, old.height)
    factor = 1.0
    if job.deed is Deed.MAKE_SQUARE:
        aspect = (1, 1)
    else:
        factor = reframe.ZOOMS.get(job.deed) or float(job.order.get("zoom") or 2.0)  # type: ignore[arg-type]
        asked = job.words.aspect
        if job.deed is Deed.CUSTOM_ZOOM and tuple(asked) != tuple(job.parent_words.aspect):
            aspect = (asked[0], asked[1])
    if not 1.0 <= factor <= 2.0:
        raise Refused("zoom goes from 1.0 to 2.0")
    return reframe.zoomed(old, factor, aspect, job.pixels)


def _repaint(job: Commission, stored: bytes | None) -> Work:
    original = job.original(stored)
    recipe = original.recipe
    mask = _mask(job, recipe)
    text = job.words.text or recipe.brief.text
    if _same(text, recipe.brief, job):
        text = recipe.brief.text
    seeds = _seeds(job)
    if mask is None and original.pixels is not None:
        return _grid(job, [recipe] * 4, [
            lambda s=s: flat.vary(original, "strong", s) for s in seeds  # type: ignore[misc]
        ])  # fmt: skip
    if original.pixels is None:
        made = [region.repainted(recipe, mask, text, s) for s in seeds]
        return _grid(job, made)
    assert mask is not None
    return _grid(job, [recipe] * 4, [
        lambda s=s: region.repaint_pixels(original, mask, text, s)  # type: ignore[misc]
        for s in seeds
    ])  # fmt: skip


def _mask(job: Commission, recipe: Recipe) -> Mask | None:
    return None if job.mask is None else shape.read_mask(job.mask, recipe.window.box)


def _grid(
    job: Commission,
    made: Sequence[Recipe],
    paints: Sequence[Callable[[], Pixels]] | None = None,
) -> Work:
    return painted_grid(made, job.note, {"seed": job.seed}, paints)


def _seeds(job: Commission) -> list[int]:
    return [(job.seed + n) % 2**32 for n in range(4)]


def _new_words(job: Commission) -> bool:
    return bool(job.words.text) and not _alike(job.words.text, job.parent_words.text)


def _same(text: str, brief: Any, job: Commission) -> bool:
    return _alike(text, brief.text) or not _new_words(job)


def _alike(a: str, b: str) -> bool:
    return a.strip().lower() == b.strip().lower()


_HANDS: dict[Action, Callable[[Commission, bytes | None], Work]] = {
    Action.VARIATION: _vary,
    Action.REMIX: _vary,
    Action.ZOOM: _reframe,
    Action.PAN: _reframe,
    Action.INPAINT: _repaint,
    Action.BLEND: desk.blend_pictures,
    Action.EDITS: desk.edit,
    Action.RETEXTURE: desk.retexture_picture,
    Action.SWAP_FACE: desk.swap,
    Action.DESCRIBE: desk.describe,
    Action.SHORTEN: desk.shorten,
    Action.VIDEO: footage.film,
}
