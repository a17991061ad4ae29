"""Diffusion models on this machine, by PyTorch and diffusers, in a process of their own.

The gateway never imports PyTorch: a model is loaded by a worker process, one for each
channel, which lives as long as the gateway. What runs is in memory only; after a restart a
job is done again, with the same seed. Needs the extra: `pip install "gesso[diffusers]"`.

    engine   the worker process: loads the model, paints one job after another
    worker   the process as the gateway sees it
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Refused, Unavailable
from gesso.domain.provider import Job, Manifest, Option, Progress, Stage
from gesso.providers.diffusers import engine
from gesso.providers.diffusers.engine import Load, Request
from gesso.providers.diffusers.worker import Run, Worker
from gesso.upstream import diffusion, option, pictures
from gesso.upstream.diffusion import Plan, Work
from gesso.upstream.scrub import REASON_CHARS

_NEEDED = ("torch", "diffusers", "transformers")
#: Results that nobody fetched are dropped after so many newer jobs.
_KEEP = 256
_STORED = "stored:"


class Diffusers:
    """Paints in worker processes of this machine."""

    manifest = Manifest(
        name="diffusers",
        title="Diffusers",
        about="A local model directory, run by PyTorch; needs the extra gesso[diffusers].",
        actions=diffusion.ACTIONS,
        can_find=True,
        keeps_results=False,
        options=(
            *diffusion.OPTIONS,
            Option("model", "Directory of the model, in the format of diffusers."),
            Option("device", "cuda, mps or cpu; empty takes the best that there is."),
            Option("dtype", "float16, bfloat16 or float32; empty fits the device."),
        ),
    )

    def __init__(self, *, poll_s: float, load: Load = engine.load) -> None:
        """Take the seconds between two looks, and who loads a model in the worker process."""
        self.manifest = replace(type(self).manifest, poll_s=poll_s)
        self._load = load
        self._workers: dict[str, Worker] = {}
        self._runs: dict[str, tuple[Worker, Run, Plan]] = {}

    async def submit(self, job: Job) -> str:
        """Hand the job to the channel's worker process."""
        plan = await diffusion.plan(job)
        if plan.work is Work.TAKE:
            return _STORED + job.reference
        self._begin(job, plan)
        return job.reference

    async def find(self, job: Job) -> str | None:
        """Return the job if it is in memory; otherwise it surely does not run."""
        return job.reference if job.reference in self._runs else None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Tell how far the picture is; one lost with its process is begun again."""
        if upstream_id.startswith(_STORED):
            return await diffusion.take(job)
        if upstream_id not in self._runs:
            self._begin(job, await diffusion.plan(job))
        _, run, plan = self._runs[upstream_id]
        if run.files is not None:
            del self._runs[upstream_id]
            return await diffusion.finish(plan, run.files)
        if run.failure is not None:
            del self._runs[upstream_id]
            # Faults of a library may name the place of the model on this machine.
            place = option.text(job.channel, "model")
            reason = run.failure.replace(place, "***") if place else run.failure
            return diffusion.failed("refused", reason[:REASON_CHARS])
        shown, run.preview = run.preview, None
        preview = await asyncio.to_thread(pictures.preview, shown) if shown else None
        return Progress(Stage.WORKING, min(99, run.percent), preview)

    async def probe(self, channel: Channel) -> None:
        """Look for the extra and the model's directory; loads nothing."""
        self._check(channel)

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Stop the job at its next step, or before it begins."""
        found = self._runs.pop(upstream_id, None)
        if found is not None:
            worker, _, _ = found
            worker.stop(job.reference)

    def _begin(self, job: Job, plan: Plan) -> None:
        if plan.work is Work.ENLARGE:
            raise Refused("a model directory has no upscaler; Upscale (Creative) works")
        settings = self._check(job.channel)
        worker = self._workers.get(job.channel.id)
        if worker is None or not worker.fits(settings):
            if worker is not None:
                worker.retire()
            worker = self._workers[job.channel.id] = Worker(self._load, settings)
        for old in [r for r, (_, run, _) in self._runs.items() if run.files is not None][:-_KEEP]:
            del self._runs[old]
        self._runs[job.reference] = (worker, worker.paint(_request(job, plan)), plan)

    def _check(self, channel: Channel) -> engine.Settings:
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing and self._load is engine.load:
            raise Unavailable(
                f"{', '.join(missing)} is not installed: pip install 'gesso[diffusers]'"
            )
        model = option.text(channel, "model")
        if not model or not Path(model).is_dir():
            raise Unavailable("the channel's option model must name a directory of this machine")
        return engine.Settings(
            model=model,
            device=option.text(channel, "device"),
            dtype=option.text(channel, "dtype"),
        )


def open_provider(*, upstream_poll_s: float = 1.0, **_: Any) -> Diffusers:
    """Open the provider; no process is started before the first job."""
    return Diffusers(poll_s=upstream_poll_s)


def _request(job: Job, plan: Plan) -> Request:
    return Request(
        reference=job.reference,
        work=plan.work.value,
        words=plan.words,
        unwanted=plan.unwanted,
        size=plan.size,
        seeds=tuple(plan.seed + number for number in range(plan.count)),
        steps=plan.steps,
        cfg=plan.cfg,
        denoise=plan.denoise,
        source=plan.source,
        mask=plan.mask,
    )
