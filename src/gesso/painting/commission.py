"""A job as the painter needs it: what is asked, and from which picture it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gesso.domain import prompt
from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused
from gesso.domain.provider import Job
from gesso.domain.task import Action, Picture, Task
from gesso.painting import recipe as recipes
from gesso.painting.brief import Brief
from gesso.painting.original import Original, from_pixels
from gesso.painting.recipe import Recipe
from gesso.painting.words import read_prompt

#: Deeds that take a stored file as it is.
TAKING = frozenset({Deed.UPSAMPLE, Deed.VIDEO_UPSCALE})
EXTENDING = frozenset({Deed.EXTEND_HIGH, Deed.EXTEND_LOW})


@dataclass(frozen=True, slots=True)
class Commission:
    """Everything about one job that decides what is painted."""

    action: Action
    deed: Deed | None
    order: Mapping[str, Any]
    words: prompt.Prompt
    seed: int
    pixels: int  #: Of a usual single picture.
    video_s: float
    pictures: Sequence[bytes] = ()
    mask: bytes | None = None
    parent: Task | None = None

    @classmethod
    def of(cls, job: Job, pixels: int, video_s: float) -> Commission:
        """Read a job; a reroll repeats what was asked of its parent, from the same base."""
        order, parent = dict(job.task.order), job.material.parent
        if _deed(order) is Deed.REROLL:
            order = {**order.get("again", {}), "seed": order.get("seed")}
            parent = job.material.base
        deed = _deed(order)
        seed = order.get("seed")
        return cls(
            action=job.task.action,
            deed=deed,
            order=order,
            words=read_prompt(job.task.final_prompt),
            seed=int(seed if seed is not None else job.task.id) % 2**32,
            pixels=pixels,
            video_s=video_s,
            pictures=job.material.pictures,
            mask=job.material.mask,
            parent=parent,
        )

    @property
    def place(self) -> int:
        """The position of the parent's picture that is meant: 0 for its only one."""
        index = self.order.get("index")
        positions = {p.position for p in self.parent.pictures} if self.parent else set()
        if self.deed in EXTENDING or self.deed is Deed.VIDEO_UPSCALE or self.order.get("extend"):
            return int(index or 1)  # Clips stand behind their poster.
        if index is None or positions == {0}:
            return 0
        return int(index)

    @property
    def kept(self) -> Recipe | None:
        """The recipe of the parent's picture, if the painter made it."""
        try:
            known = self.parent.result["recipes"] if self.parent else []
            return recipes.read(known[max(self.place - 1, 0)])
        except (KeyError, IndexError, TypeError, ValueError):
            return None

    @property
    def picture(self) -> Picture:
        """The parent's stored picture; raises Refused when there is none."""
        if self.parent is None:
            raise Refused("the parent task is gone")
        for one in self.parent.pictures:
            if one.position == self.place:
                return one
        raise Refused(f"the parent has no picture {self.place}")

    @property
    def blob(self) -> str | None:
        """The stored file that is needed to go on; None when the recipe says everything."""
        if self.deed in TAKING or (self.action is Action.UPSCALE and self.deed is None):
            return self.picture.blob
        if self.action in _FROM_WORDS:
            return None
        if self.parent is None or (self.deed is None and self.action not in _FROM_PARENT):
            return None
        if self.deed in EXTENDING or self.order.get("extend"):
            return self.picture.blob
        if self.action is Action.VIDEO and self.pictures:
            return None
        known = self.kept
        return None if known is not None and not known.flat else self.picture.blob

    def original(self, stored: bytes | None) -> Original:
        """Return the picture to go on from; `stored` holds the bytes of `blob`."""
        known = self.kept
        if stored is None:
            if known is None:
                raise Refused("there is no picture to go on from")
            return Original(known)
        text = self.parent_words.text
        if known is None:
            return from_pixels(stored, self.brief(text, 1))
        pixels = from_pixels(stored, known.brief).pixels
        return Original(known, pixels)

    @property
    def parent_words(self) -> prompt.Prompt:
        """The parent's prompt; this one's when there is no parent."""
        return read_prompt(self.parent.final_prompt) if self.parent else self.words

    def brief(
        self, text: str, tile: int, tints: tuple[tuple[float, float, float], ...] = ()
    ) -> Brief:
        """Return the brief of one new picture by this prompt's flags."""
        flags = self.words.flags
        return Brief(
            text=text,
            seed=self.seed,
            tile=tile,
            stylize=flags.whole("s", 100),
            chaos=flags.whole("c"),
            weird=flags.whole("w"),
            without=self.words.unwanted,
            niji=flags.niji is not None,
            seamless=flags.has("tile"),
            raw=flags.has("raw"),
            tints=tints,
        )

    @property
    def note(self) -> dict[str, str]:
        """What a PNG carries, so that a picture knows where it comes from."""
        text = self.words.text or self.parent_words.text
        return {"prompt": text[:2000], "seed": str(self.seed), "software": "gesso sandbox"}


#: Actions that use nothing of a parent's pictures, though a button of it was pressed: the
#: lines of a shortened prompt have a parent that has none.
_FROM_WORDS = frozenset({Action.IMAGINE, Action.SHORTEN, Action.DESCRIBE})
#: Actions that go on from a parent even when no button was pressed.
_FROM_PARENT = frozenset(
    {Action.VARIATION, Action.ZOOM, Action.PAN, Action.INPAINT, Action.REMIX, Action.VIDEO}
)


def _deed(order: Mapping[str, Any]) -> Deed | None:
    try:
        return Deed(order["deed"])
    except (KeyError, ValueError):
        return None
