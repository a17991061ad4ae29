"""From a job to the work of a diffusion model: which pictures, from which, how far away.

Every backend that runs Stable Diffusion or one of its kind reads the same plan:

    imagine          four pictures from noise; from one picture when the order brings one
    variation, remix four pictures from a stored one, near or far
    inpaint, edits   four pictures that change where the mask says, or as a whole
    zoom, pan        the stored picture on a larger canvas, the new part painted
    upscale          one larger picture; U1–U4 take the stored tile to the byte

What such a model cannot do (describe, blend, video, …) is in no manifest.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gesso.domain import prompt
from gesso.domain.buttons import Deed
from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Refused
from gesso.domain.prompt import Prompt
from gesso.domain.provider import Delivered, Job, Option, Progress, Stage
from gesso.domain.task import Action, Picture, Task
from gesso.upstream import option, pictures
from gesso.upstream.canvas import reframed, rounded, size_for

ACTIONS = frozenset(
    {
        Action.IMAGINE, Action.UPSCALE, Action.VARIATION, Action.REROLL, Action.REMIX,
        Action.ZOOM, Action.PAN, Action.INPAINT, Action.EDITS,
    }
)  # fmt: skip
#: What an operator may set on a channel of any diffusion backend.
OPTIONS = (
    Option("size", "Pixels of a picture: a side such as 512, or 832x1216.", "1024"),
    Option("steps", "Sampling steps, 1–150.", "25"),
    Option("cfg", "How strictly the words are followed, 0–30.", "7"),
    Option("negative", "Words that are always added to --no."),
    Option("denoise_low", "How far subtle variations go from their picture, 0–1.", "0.45"),
    Option("denoise_high", "How far strong variations and edits go, 0–1.", "0.75"),
)
COUNT = 4  #: Pictures of a grid.
#: A seed and the three behind it must fit 32 bits.
_SEEDS = 2**32 - COUNT
_TAKEN = frozenset({Deed.UPSAMPLE, Deed.VIDEO_UPSCALE})
_FACTORS = {
    Deed.UPSCALE_SUBTLE: 2, Deed.UPSCALE_2X: 2, Deed.UPSCALE_4X: 4, Deed.UPSCALE_CREATIVE: 2,
}  # fmt: skip
#: How far an enlarged picture may go from the small one when new details are asked for.
_CREATIVE = 0.35


class Work(StrEnum):
    """What the model is asked to do."""

    TEXT = "txt2img"
    IMAGE = "img2img"
    MASK = "inpaint"
    ENLARGE = "upscale"
    TAKE = "take"  #: Nothing: the result lies in our own store.


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a backend needs for one job."""

    work: Work
    words: str = ""
    unwanted: str = ""
    size: tuple[int, int] = (0, 0)  #: Width and height in pixels.
    seed: int = 0  #: Of the first picture; each further one has the next.
    count: int = COUNT
    seamless: bool = False
    denoise: float = 1.0  #: 0 keeps the source, 1 forgets it.
    steps: int = 25
    cfg: float = 7.0
    source: bytes | None = None  #: PNG in `size`; for ENLARGE the stored file.
    mask: bytes | None = None  #: PNG of mode L in `size`; 255 is repainted.


async def plan(job: Job) -> Plan:
    """Return the plan of a job; raises Refused when a diffusion model cannot do it."""
    reader = _Reader.of(job)
    if reader.deed in _TAKEN or (job.task.action is Action.UPSCALE and reader.deed is None):
        return Plan(Work.TAKE, count=1)
    return await reader.read()


async def take(job: Job) -> Progress:
    """Return the parent's stored tile or clip, to the byte, as the result."""
    try:
        shown = _Reader.of(job).picture
        read = _read_blob(job)
        data = await read(shown.blob)
        if shown.mime.startswith("image/") or job.material.parent is None:
            return Progress(Stage.DONE, 100, pictures=[Delivered(0, data)])
        posters = [p for p in job.material.parent.pictures if p.position == 0]
        poster = [Delivered(0, await read(p.blob)) for p in posters]
        return Progress(Stage.DONE, 100, pictures=[*poster, Delivered(1, data)], expected=1)
    except Refused as refusal:
        return Progress(Stage.FAILED, code=refusal.code, reason=refusal.message)


async def finish(plan: Plan, files: Sequence[bytes]) -> Progress:
    """Return the end of a job from the files that a backend made, broken ones included."""
    facts = {"seed": plan.seed}
    try:
        if not files:
            raise Garbled("the upstream is done and has made no picture")
        if plan.count == 1:
            size = plan.size if plan.work is Work.ENLARGE else None
            whole = await asyncio.to_thread(pictures.single, files[0], size)
            return Progress(Stage.DONE, 100, pictures=[Delivered(0, whole)], facts=facts)
        mask = plan.mask if plan.work is Work.MASK else None
        whole, tiles = await asyncio.to_thread(
            pictures.finished, files[: plan.count], plan.source, mask
        )
    except Garbled as error:
        return Progress(Stage.FAILED, code=error.code, reason=error.message)
    shown = [Delivered(0, whole), *(Delivered(n, one) for n, one in enumerate(tiles, 1))]
    return Progress(Stage.DONE, 100, pictures=shown, expected=plan.count, facts=facts)


def failed(code: str, reason: str) -> Progress:
    """Return the end of a job that failed."""
    return Progress(Stage.FAILED, code=code, reason=reason)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A job with its deed and parent as a reroll means them."""

    job: Job
    order: Mapping[str, Any]
    deed: Deed | None
    parent: Task | None
    words: Prompt

    @classmethod
    def of(cls, job: Job) -> _Reader:
        order, parent = dict(job.task.order), job.material.parent
        if order.get("deed") == Deed.REROLL:
            order = {**order.get("again", {}), "seed": order.get("seed")}
            parent = job.material.base
        name = order.get("deed")
        words = prompt.parse(job.task.final_prompt, need_words=False)
        return cls(job, order, Deed(name) if name else None, parent, words)

    async def read(self) -> Plan:
        action = self.job.task.action
        if action not in ACTIONS:
            raise Refused(f"a diffusion model cannot {action.lower()}")
        if action is Action.UPSCALE:
            return await self._enlarge()
        if action in {Action.ZOOM, Action.PAN}:
            return await self._reframe()
        if action in {Action.IMAGINE, Action.REROLL}:
            return await self._imagine()
        if action is Action.EDITS:
            return await self._repaint(self._only_picture(), "denoise_high", 0.75)
        source = await self._stored()
        if action is Action.INPAINT:
            return await self._repaint(source, "denoise_high", 0.75)
        return await self._from(source, Work.IMAGE, self._distance)

    async def _imagine(self) -> Plan:
        given = self.job.material.pictures
        aspect = self.words.aspect
        if not given:
            size = size_for((aspect.width, aspect.height), self._pixels)
            return self._plan(Work.TEXT, size=size)
        source = self._only_picture()
        size = size_for((aspect.width, aspect.height), self._pixels)
        if not self.words.flags.has("ar"):
            size = rounded(await asyncio.to_thread(pictures.size_of, source), self._pixels)
        # More weight for the picture keeps more of it.
        denoise = min(0.95, max(0.3, 0.95 - 0.2 * float(self.words.image_weight)))
        return await self._from(source, Work.IMAGE, denoise, size)

    async def _repaint(self, source: bytes, distance: str, default: float) -> Plan:
        denoise = option.number(self.job.channel, distance, default, 0.0, 1.0)
        mask = self.job.material.mask
        if mask is None:
            return await self._from(source, Work.IMAGE, denoise)
        made = await self._from(source, Work.MASK, max(denoise, 0.85))
        where = await asyncio.to_thread(pictures.mask_for, mask, made.size)
        return dataclasses.replace(made, mask=where)

    async def _reframe(self) -> Plan:
        source = await self._stored()
        size = await asyncio.to_thread(pictures.size_of, source)
        canvas, box = reframed(self.deed, size, self._zoom, self._new_aspect, self._pixels)
        ground, mask = await asyncio.to_thread(pictures.spread, source, canvas, box)
        made = self._plan(Work.MASK, size=canvas, denoise=1.0)
        return dataclasses.replace(made, source=ground, mask=mask)

    async def _enlarge(self) -> Plan:
        factor = _FACTORS.get(self.deed) if self.deed else None
        if factor is None:
            raise Refused(f"a diffusion model has no {self.deed}")
        source = await self._stored()
        width, height = await asyncio.to_thread(pictures.size_of, source)
        size = width * factor, height * factor
        if self.deed is Deed.UPSCALE_CREATIVE:
            made = await self._from(source, Work.IMAGE, _CREATIVE, rounded(size, 4 * self._pixels))
            return dataclasses.replace(made, count=1)
        made = self._plan(Work.ENLARGE, size=size)
        return dataclasses.replace(made, source=source, count=1)

    async def _from(
        self, source: bytes, work: Work, denoise: float, size: tuple[int, int] | None = None
    ) -> Plan:
        if size is None:
            size = rounded(await asyncio.to_thread(pictures.size_of, source), self._pixels)
        made = self._plan(work, size=size, denoise=denoise)
        return dataclasses.replace(
            made, source=await asyncio.to_thread(pictures.fitted, source, size)
        )

    def _plan(self, work: Work, *, size: tuple[int, int], denoise: float = 1.0) -> Plan:
        channel = self.job.channel
        unwanted = [*self.words.unwanted, option.text(channel, "negative")]
        return Plan(
            work,
            words=_weighted(self.words),
            unwanted=", ".join(one for one in unwanted if one),
            size=size,
            seed=int(self.order.get("seed") or 0) % _SEEDS,
            seamless=self.words.tile,
            denoise=denoise,
            steps=option.whole(channel, "steps", 25, 1, 150),
            cfg=option.number(channel, "cfg", 7.0, 0.0, 30.0),
        )

    @property
    def _pixels(self) -> int:
        return read_pixels(self.job.channel)

    @property
    def _distance(self) -> float:
        remix = self.job.task.action is Action.REMIX and self.order.get("strength") != "subtle"
        far = remix or self.deed is Deed.HIGH_VARIATION or self.order.get("strong")
        name, default = ("denoise_high", 0.75) if far else ("denoise_low", 0.45)
        return option.number(self.job.channel, name, default, 0.0, 1.0)

    @property
    def _zoom(self) -> float:
        return float(self.words.zoom or self.order.get("zoom") or 2.0)

    @property
    def _new_aspect(self) -> tuple[int, int] | None:
        """The aspect of a custom zoom, when it asks for another than its parent had."""
        before = self.parent.final_prompt if self.parent else ""
        known = prompt.parse(before, need_words=False).aspect
        asked = self.words.aspect
        return None if tuple(known) == tuple(asked) else (asked.width, asked.height)

    @property
    def picture(self) -> Picture:
        if self.parent is None:
            raise Refused("the parent task is gone")
        index = self.order.get("index")
        positions = {p.position for p in self.parent.pictures}
        clip = self.deed is Deed.VIDEO_UPSCALE
        place = 0 if index is None or (positions == {0} and not clip) else int(index)
        for one in self.parent.pictures:
            if one.position == place:
                return one
        raise Refused(f"the parent has no picture {place}")

    async def _stored(self) -> bytes:
        shown = self.picture
        if not shown.mime.startswith("image/"):
            raise Refused("a diffusion model cannot go on from a video")
        data: bytes = await _read_blob(self.job)(shown.blob)
        return data

    def _only_picture(self) -> bytes:
        given = self.job.material.pictures
        if len(given) != 1:
            raise Refused("this backend starts from one picture, not from several")
        return given[0]


def read_pixels(channel: Channel) -> int:
    """Return how many pixels a usual picture of a channel has, by its option `size`."""
    width, _, height = option.text(channel, "size", "1024").lower().partition("x")
    try:
        sides = int(width), int(height or width)
    except ValueError:
        sides = (0, 0)
    if not all(64 <= side <= 4096 for side in sides):
        raise Refused("the channel's option size is a side of 64–4096, such as 512 or 832x1216")
    return math.prod(sides)


def _weighted(words: Prompt) -> str:
    """Return the words with their weights as these backends write them: `(hot:1.5)`."""
    parts = [(text, weight) for text, weight in words.parts() if weight > 0]
    return ", ".join(text if weight == 1 else f"({text}:{weight:f})" for text, weight in parts)


def _read_blob(job: Job) -> Any:
    if job.material.read_blob is None:
        raise Refused("the parent's picture cannot be read")
    return job.material.read_blob
