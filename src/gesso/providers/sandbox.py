"""The embedded painter: real pictures with no account anywhere.

Deterministic, so nothing is lost with its memory: a job that was running when the process
died is simply painted again, to the same bytes. `--sandbox …` in a prompt plays test cards:

    fail:<reason>   the job fails with this reason
    slow:<seconds>  the job takes this long
    partial:<n>     only n of the four pictures are delivered
    blank           no painting at all, for load tests
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gesso.domain import prompt
from gesso.domain.errors import GessoError, Refused
from gesso.domain.provider import Delivered, Job, Manifest, Progress, Stage
from gesso.domain.task import Action

if TYPE_CHECKING:
    from gesso.painting.brief import Brief
    from gesso.painting.order import Sitting

#: Steps that clients know from Midjourney; each comes with a clearer preview.
_STEPS = (0, 15, 31, 46, 62, 78, 93)
_FAILURES = {
    "banned": "Banned prompt detected",
    "timeout": "Task timeout",
    "moderated": "Request cancelled due to output filters",
    "invalid": "Invalid parameter",
}
#: Results that nobody fetched are dropped after so many newer ones.
_KEEP = 256


@dataclass(slots=True)
class _Easel:
    """One job in the painter's memory."""

    started: float
    seconds: float
    cards: dict[str, str]
    work: asyncio.Task[Progress] | None = None
    previews: list[bytes] = field(default_factory=list)


class Sandbox:
    """Paints in threads of this process."""

    manifest = Manifest(
        name="sandbox",
        title="Sandbox painter",
        about="Paints by itself, with no account anywhere; for trying out, tests and demos.",
        actions=frozenset({Action.IMAGINE, Action.UPSCALE, Action.VARIATION, Action.REROLL}),
        poll_s=0.1,
        can_find=True,
    )

    def __init__(self, *, paint_s: float, pixels: int) -> None:
        """Take how long a picture should seem to take and how large one is."""
        self._paint_s = paint_s
        self._pixels = pixels
        self._easels: dict[str, _Easel] = {}
        # Two threads: painting must not push everything else off a small machine.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="painter")

    async def submit(self, job: Job) -> str:
        """Start painting."""
        self._start(job)
        return job.reference

    async def find(self, job: Job) -> str | None:
        """Return the job if it is in memory; otherwise it surely does not run."""
        return job.reference if job.reference in self._easels else None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Tell how far the picture is; one lost with its process is begun again."""
        easel = self._easels.get(upstream_id) or self._start(job)
        assert easel.work is not None
        elapsed = time.monotonic() - easel.started
        if easel.work.done() and elapsed >= easel.seconds:
            self._easels.pop(upstream_id, None)
            return easel.work.result()
        share = min(elapsed / easel.seconds, 0.99) if easel.seconds else 0.0
        step = int(share * len(_STEPS))
        preview = None
        if easel.previews:
            preview = easel.previews[min(step, len(easel.previews) - 1)]
        return Progress(Stage.WORKING, _STEPS[step], preview)

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Put the easel away."""
        easel = self._easels.pop(upstream_id, None)
        if easel is not None and easel.work is not None:
            easel.work.cancel()

    def _start(self, job: Job) -> _Easel:
        while len(self._easels) >= _KEEP * 4:
            self._easels.pop(next(iter(self._easels)))
        cards = _cards(job)
        seconds = float(cards.get("slow", self._paint_s))
        if job.task.action is Action.UPSCALE or "blank" in cards:
            seconds = float(cards.get("slow", 0))
        easel = _Easel(time.monotonic(), seconds, cards)
        easel.work = asyncio.create_task(self._work(job, easel))
        self._easels[job.reference] = easel
        return easel

    async def _work(self, job: Job, easel: _Easel) -> Progress:
        try:
            if "fail" in easel.cards:
                code = easel.cards["fail"]
                return Progress(Stage.FAILED, code=code, reason=_FAILURES.get(code, code))
            if "blank" in easel.cards:
                blank: Progress = await self._in_thread(_blank)
                return blank
            if job.task.action is Action.UPSCALE:
                return await _take_tile(job)
            return await self._paint(job, easel)
        except GessoError as error:
            return Progress(Stage.FAILED, code=error.code, reason=error.message)

    async def _paint(self, job: Job, easel: _Easel) -> Progress:
        sitting = await self._in_thread(lambda: _sit(job, self._pixels))
        if easel.seconds > 0:
            easel.previews = await self._in_thread(_previews, sitting)
        # Two at once: one thread per picture that the machine can paint beside serving.
        pictures = await asyncio.gather(
            *(self._in_thread(sitting.paint_one, number) for number in range(4))
        )
        files = await self._in_thread(_write, pictures, sitting)
        wanted = int(easel.cards.get("partial", 4))
        facts = {
            "seed": sitting.briefs[0].seed,
            "tiles": [[b.tile, [list(step) for step in b.vary], b.seed] for b in sitting.briefs],
        }
        return Progress(Stage.DONE, 100, pictures=files[: wanted + 1], expected=4, facts=facts)

    async def _in_thread(self, function: Any, *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *values)


def open_provider(
    *, sandbox_paint_s: float = 2.5, sandbox_pixels: int = 768 * 768, **_: Any
) -> Sandbox:
    """Open the painter."""
    return Sandbox(paint_s=sandbox_paint_s, pixels=sandbox_pixels)


def _cards(job: Job) -> dict[str, str]:
    text = prompt.parse(job.task.final_prompt).flags.get("sandbox") or ""
    cards = {}
    for word in text.split():
        name, _, value = word.partition(":")
        cards[name] = value
    try:
        seconds, wanted = float(cards.get("slow", 0)), int(cards.get("partial", 4))
    except ValueError:
        raise Refused("--sandbox slow and partial take a number") from None
    if not 0 <= seconds <= 3600 or not 0 <= wanted <= 4:
        raise Refused("--sandbox slow takes 0–3600 seconds, partial 0–4 pictures")
    return cards


def _sit(job: Job, pixels: int) -> Sitting:
    from gesso.painting.order import Sitting, tints_of

    parsed = prompt.parse(job.task.final_prompt)
    tints = tints_of(job.material.pictures)
    order = job.task.order
    wide, high = parsed.aspect
    briefs: tuple[Brief, ...]
    if order.get("deed") == "variation" and job.material.parent is not None:
        parent = job.material.parent
        tile, vary, seed = parent.result["tiles"][int(order["index"]) - 1]
        one = _brief(parsed, seed, tile, tints, tuple((how, s) for how, s in vary))
        briefs = tuple(one.varied("subtle", (order["seed"] + n) % 2**32) for n in range(4))
    else:
        seed = int(order["seed"])
        briefs = tuple(_brief(parsed, seed, tile, tints, ()) for tile in range(1, 5))
    return Sitting(briefs, (wide, high), pixels)


def _brief(
    parsed: prompt.Prompt,
    seed: int,
    tile: int,
    tints: tuple[tuple[float, float, float], ...],
    vary: tuple[tuple[str, int], ...],
) -> Brief:
    from gesso.painting.brief import Brief

    flags = parsed.flags
    return Brief(
        text=parsed.text,
        seed=seed,
        tile=tile,
        stylize=flags.whole("s", 100),
        chaos=flags.whole("c"),
        weird=flags.whole("w"),
        without=parsed.unwanted,
        niji=flags.niji is not None,
        seamless=flags.has("tile"),
        raw=flags.has("raw"),
        vary=vary,
        tints=tints,
    )


def _previews(sitting: Sitting) -> list[bytes]:
    from gesso.painting.order import write_preview

    pictures = sitting.paint_small()
    return [write_preview(pictures, step / 100) for step in _STEPS]


def _write(pictures: Sequence[Any], sitting: Sitting) -> list[Delivered]:
    from gesso.painting.order import write_grid, write_single

    files = [Delivered(0, write_grid(pictures, sitting.briefs[0]))]
    for number, picture in enumerate(pictures):
        files.append(Delivered(number + 1, write_single(picture, sitting.briefs[number])))
    return files


def _blank() -> Progress:
    from gesso.painting.order import write_blank

    return Progress(Stage.DONE, 100, pictures=[Delivered(0, write_blank())])


async def _take_tile(job: Job) -> Progress:
    """U1–U4: one picture out of the parent's four, to the byte."""
    parent, read = job.material.parent, job.material.read_blob
    if parent is None or read is None:
        raise Refused("the parent task is gone")
    index = int(job.task.order["index"])
    tile = next((p for p in parent.pictures if p.position == index), None)
    if tile is None:
        raise Refused(f"the parent has no picture {index}")
    facts = {"seed": parent.result.get("seed"), "tiles": [parent.result["tiles"][index - 1]]}
    return Progress(Stage.DONE, 100, pictures=[Delivered(0, await read(tile.blob))], facts=facts)
