"""The embedded painter: real pictures with no account anywhere.

Deterministic, so nothing is lost with its memory: a job that was running when the process
died is simply painted again, to the same bytes. `--sandbox …` in a prompt plays test cards;
`domain/sandbox_card.py` is the table of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gesso.domain.buttons import Deed
from gesso.domain.channel import Channel
from gesso.domain.errors import (
    GessoError,
    InvalidOrder,
    Refused,
    Unavailable,
    Uncertain,
)
from gesso.domain.model import SANDBOX_MODELS
from gesso.domain.provider import Delivered, Job, Manifest, Progress, Stage
from gesso.domain.relay import Ask, Endpoint, Reply
from gesso.domain.sandbox_card import Card, read_cards
from gesso.domain.task import Action
from gesso.painting.failure import Failed
from gesso.painting.words import read_prompt

if TYPE_CHECKING:
    from gesso.painting.commission import Commission
    from gesso.painting.work import Work
    from gesso.sandbox_models.answer import SandboxModels

#: Steps that clients know from Midjourney; each comes with a clearer preview.
_STEPS = (0, 15, 31, 46, 62, 78, 93)
_FAILURES = {
    "banned": "Banned prompt detected",
    "timeout": "Task timeout",
    "moderated": "Request cancelled due to output filters",
    "invalid": "Invalid parameter",
}
#: Results that nobody fetched are dropped after so many newer ones.
_KEEP = 1024
#: What is told or taken, and not painted, takes no time.
_QUICK_ACTIONS = frozenset({Action.DESCRIBE, Action.SHORTEN})
_QUICK_DEEDS = frozenset({Deed.UPSAMPLE, Deed.VIDEO_UPSCALE})
#: The cards that are played in this file; a test compares them with the table.
PLAYED = frozenset(
    {
        Card.FAIL, Card.SLOW, Card.SLOW_START, Card.PARTIAL, Card.BLANK, Card.MODERATED,
        Card.LOST, Card.BUSY, Card.CRASH, Card.GARBLED, Card.STUCK,
    }
)  # fmt: skip


@dataclass(slots=True)
class _Easel:
    """One job in the painter's memory."""

    started: float
    wait_s: float  #: Before anything seems to happen.
    seconds: float
    cards: dict[Card, str]
    work: asyncio.Task[Progress] | None = None
    previews: list[bytes] = field(default_factory=list)


class Sandbox:
    """Paints in threads of this process."""

    manifest = Manifest(
        name="sandbox",
        title="Sandbox painter",
        about="Paints, talks and listens by itself, with no account anywhere; for trying out, "
        "tests and demos.",
        actions=frozenset(Action),
        poll_s=0.1,
        can_find=True,
        keeps_results=False,
    )
    #: Which models of its own answer where.
    models: Mapping[Endpoint, frozenset[str]] = {
        Endpoint(path): frozenset({name}) for path, name in SANDBOX_MODELS.items()
    }
    endpoints = frozenset(models)

    def __init__(self, *, paint_s: float, pixels: int, video_s: float = 5.2) -> None:
        """Take how long a picture should seem to take, how large one is, how long a clip."""
        self._paint_s = paint_s
        self._pixels = pixels
        self._video_s = video_s
        self._easels: dict[str, _Easel] = {}
        self._models: SandboxModels | None = None
        # Two threads: painting must not push everything else off a small machine.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="painter")

    async def submit(self, job: Job) -> str:
        """Start painting."""
        cards = _cards(job)
        if Card.LOST in cards:
            raise Uncertain("the connection broke, as the test card asks")
        if Card.BUSY in cards and _attempt(job) <= int(cards[Card.BUSY]):
            raise Unavailable("all easels are taken, as the test card asks", retry_after_s=0.1)
        self._start(job, cards)
        return job.reference

    async def find(self, job: Job) -> str | None:
        """Return the job if it is in memory; otherwise it surely does not run."""
        if Card.LOST in _cards(job):
            raise Uncertain("nobody knows, as the test card asks")
        return job.reference if job.reference in self._easels else None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Tell how far the picture is; one lost with its process is begun again."""
        easel = self._easels.get(upstream_id) or self._start(job, _cards(job))
        if Card.CRASH in easel.cards:
            raise RuntimeError("the painter fell over, as the test card asks")
        if Card.STUCK in easel.cards:
            return Progress(Stage.WORKING)
        assert easel.work is not None
        elapsed = time.monotonic() - easel.started - easel.wait_s
        if easel.work.done() and elapsed >= easel.seconds:
            self._easels.pop(upstream_id, None)
            return easel.work.result()
        share = min(max(elapsed, 0.0) / easel.seconds, 0.99) if easel.seconds else 0.0
        step = int(share * len(_STEPS))
        preview = None
        if easel.previews and elapsed >= 0:
            preview = easel.previews[min(step, len(easel.previews) - 1)]
        return Progress(Stage.WORKING, _STEPS[step], preview)

    async def probe(self, channel: Channel) -> None:
        """Nothing can be wrong: the painter is this process."""

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Put the easel away."""
        easel = self._easels.pop(upstream_id, None)
        if easel is not None and easel.work is not None:
            easel.work.cancel()

    @asynccontextmanager
    async def relay(self, channel: Channel, key: str, ask: Ask) -> AsyncIterator[Reply]:
        """Answer a call with one of the small models."""
        if self._models is None:
            from gesso.sandbox_models.answer import SandboxModels

            self._models = SandboxModels()
        async with self._models.relay(ask) as reply:
            yield reply

    def _start(self, job: Job, cards: dict[Card, str]) -> _Easel:
        while len(self._easels) >= _KEEP:
            self._easels.pop(next(iter(self._easels)))
        seconds = self._paint_s
        if _is_quick(job) or Card.BLANK in cards:
            seconds = 0.0
        seconds = float(cards.get(Card.SLOW, seconds))
        easel = _Easel(time.monotonic(), float(cards.get(Card.SLOW_START, 0)), seconds, cards)
        if not cards.keys() & {Card.CRASH, Card.STUCK}:
            easel.work = asyncio.create_task(self._work(job, easel))
        self._easels[job.reference] = easel
        return easel

    async def _work(self, job: Job, easel: _Easel) -> Progress:
        cards = easel.cards
        try:
            if Card.MODERATED in cards:
                return _failure("moderated")
            if Card.FAIL in cards:
                return _failure(cards[Card.FAIL])
            if Card.GARBLED in cards:
                broken = Delivered(0, b"this is no picture, as the test card asks")
                return Progress(Stage.DONE, 100, pictures=[broken])
            if Card.BLANK in cards:
                blank: Progress = await self._in_thread(_blank, job)
                return blank
            return await self._paint(job, easel)
        except GessoError as error:
            return Progress(Stage.FAILED, code=error.code, reason=error.message)
        except Failed as failure:
            return Progress(Stage.FAILED, code=failure.code, reason=failure.reason)

    async def _paint(self, job: Job, easel: _Easel) -> Progress:
        commission = await self._in_thread(_commission, job, self._pixels, self._video_s)
        stored = None
        if commission.blob is not None:
            if job.material.read_blob is None:
                raise Refused("the parent's picture cannot be read")
            stored = await job.material.read_blob(commission.blob)
        work: Work = await self._in_thread(_compose, commission, stored)
        if easel.seconds > 0 and work.sketch is not None:
            easel.previews = await self._in_thread(_sketch, work)
        # Two at once: one thread per picture that the machine can paint beside serving.
        parts = await asyncio.gather(*(self._in_thread(part) for part in work.parts))
        if easel.seconds > 0 and work.sketch is None and parts:
            easel.previews = await self._in_thread(_preview, work, parts)
        result = await self._in_thread(work.finish, parts)
        done = Progress(
            Stage.DONE, 100, pictures=result.pictures, expected=result.expected, facts=result.facts
        )
        return _part_of(done, easel.cards)

    async def _in_thread(self, function: Any, *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *values)


def open_provider(
    *,
    sandbox_paint_s: float = 2.5,
    sandbox_pixels: int = 768 * 768,
    sandbox_video_s: float = 5.2,
    **_: Any,
) -> Sandbox:
    """Open the painter."""
    return Sandbox(paint_s=sandbox_paint_s, pixels=sandbox_pixels, video_s=sandbox_video_s)


def _cards(job: Job) -> dict[Card, str]:
    try:
        return read_cards(read_prompt(job.task.final_prompt).flags.get("sandbox") or "")
    except InvalidOrder as fault:
        raise Refused(fault.message) from None


def _attempt(job: Job) -> int:
    """Return which attempt of its task a job is; its reference ends with the number."""
    number = job.reference.rpartition("-")[2]
    return int(number) if number.isdecimal() else 1


def _is_quick(job: Job) -> bool:
    deed = job.task.order.get("deed")
    taking = job.task.action is Action.UPSCALE and deed is None
    return taking or job.task.action in _QUICK_ACTIONS or deed in _QUICK_DEEDS


def _failure(code: str) -> Progress:
    return Progress(Stage.FAILED, code=code, reason=_FAILURES.get(code, code))


def _part_of(done: Progress, cards: dict[Card, str]) -> Progress:
    """Leave tiles out when a test card asks for fewer; the grid always comes."""
    if Card.PARTIAL not in cards or not done.expected:
        return done
    return replace(done, pictures=done.pictures[: int(cards[Card.PARTIAL]) + 1])


# What follows imports the painter, and with it numpy: only in threads, and when it is needed.


def _commission(job: Job, pixels: int, video_s: float) -> Commission:
    from gesso.painting.commission import Commission

    return Commission.of(job, pixels, video_s)


def _compose(commission: Commission, stored: bytes | None) -> Work:
    from gesso.painting.studio import compose

    return compose(commission, stored)


def _sketch(work: Work) -> list[bytes]:
    from gesso.painting.work import previews

    assert work.sketch is not None
    return previews(work.sketch(), _STEPS)


def _preview(work: Work, parts: list[Any]) -> list[bytes]:
    from gesso.painting.work import previews

    return previews(work.shown(parts), _STEPS)


def _blank(job: Job) -> Progress:
    from gesso.painting.sheet import write_blank

    facts = {"seed": job.task.order.get("seed")}
    return Progress(Stage.DONE, 100, pictures=[Delivered(0, write_blank())], facts=facts)
