"""Runs jobs on a sandbox and keeps their results, so that one can be the parent of the next."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from gesso.domain.channel import Channel
from gesso.domain.provider import Job, Material, Progress, Stage
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus
from gesso.painting.paint import Pixels
from gesso.providers.sandbox import Sandbox

CHANNEL = Channel("ch_sandbox", "sandbox", "sandbox")


class Easel:
    """A sandbox with a store of what it painted."""

    def __init__(self, **options: Any) -> None:
        self.sandbox = Sandbox(**{"paint_s": 0, "pixels": 96 * 96, "video_s": 0.5, **options})
        self.blobs: dict[str, bytes] = {}
        self._last = 1000

    def job(
        self,
        action: Action,
        prompt: str = "",
        parent: Task | None = None,
        base: Task | None = None,
        pictures: Sequence[bytes] = (),
        mask: bytes | None = None,
        attempt: int = 1,
        **order: Any,
    ) -> Job:
        self._last += 1
        task = Task(
            id=self._last,
            account_id="a",
            key_id="k",
            action=action,
            status=TaskStatus.RUNNING,
            lane=Lane.FAST,
            submitted_at=datetime.now(UTC),
            final_prompt=prompt or (parent.final_prompt if parent else ""),
            order={"seed": 7, **order},
        )
        material = Material(
            pictures, mask=mask, parent=parent, base=base or parent, read_blob=self._read
        )
        return Job(task, CHANNEL, f"{task.id}-{attempt}", material)

    async def _read(self, key: str) -> bytes:
        return self.blobs[key]

    async def follow(self, job: Job) -> Progress:
        upstream_id = await self.sandbox.submit(job)
        while True:
            progress = await self.sandbox.poll(job, upstream_id)
            if progress.stage is not Stage.WORKING:
                return progress
            await asyncio.sleep(0.002)

    async def run(self, action: Action, prompt: str = "", **more: Any) -> Task:
        """Run a job to its end and return its task as it would be stored."""
        job = self.job(action, prompt, **more)
        progress = await self.follow(job)
        assert progress.stage is Stage.DONE, (progress.code, progress.reason)
        return self.keep(job, progress)

    def keep(self, job: Job, progress: Progress) -> Task:
        kept = []
        for one in progress.pictures:
            key = f"{job.task.id}/{one.position}"
            self.blobs[key] = one.data
            kept.append(Picture(one.position, key, "", 0, 0, len(one.data)))
        return dataclasses.replace(
            job.task,
            status=TaskStatus.SUCCEEDED,
            pictures=tuple(kept),
            result=json.loads(json.dumps(dict(progress.facts))),
        )

    async def single(self, prompt: str, index: int = 2) -> Task:
        """Return one picture taken out of a new grid."""
        grid = await self.run(Action.IMAGINE, prompt)
        return await self.run(Action.UPSCALE, parent=grid, deed="upsample", index=index)

    def bytes_of(self, task: Task, position: int = 0) -> bytes:
        return next(self.blobs[p.blob] for p in task.pictures if p.position == position)

    def pixels(self, task: Task, position: int = 0) -> Pixels:
        return read(self.bytes_of(task, position))

    def tiles(self, task: Task) -> list[Pixels]:
        return [self.pixels(task, position) for position in range(1, 5)]


def read(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def png(pixels: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(out, "PNG")
    return out.getvalue()


def apart(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference of two pictures, 0–255."""
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def without_recipe(task: Task) -> Task:
    """Return a task as another provider would have left it."""
    return dataclasses.replace(task, result={})
