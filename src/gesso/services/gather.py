"""Gather what a provider needs for a task: stored inputs, linked pictures, the mask, the parent.

Links are fetched here, by the worker and through the guard, never in the request that named
them: a slow or hostile server keeps nobody waiting but its own task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gesso.domain.errors import Refused
from gesso.domain.order import is_link
from gesso.domain.provider import Manifest, Material
from gesso.domain.task import Task
from gesso.kit import mask, picture
from gesso.kit.backoff import delay_s
from gesso.kit.web import Guard, WebRefused, WebUnavailable
from gesso.storage.blobs import BlobMissing, Blobs
from gesso.storage.reader import Reader

#: How often a link is tried that does not answer.
_TRIES = 3
_FETCH_S = 30.0


class Gatherer:
    """Brings the bytes of a task together."""

    def __init__(
        self,
        blobs: Blobs,
        reader: Reader,
        guard: Guard,
        limits: picture.Limits,
        polarity: mask.Polarity,
    ) -> None:
        """Hold the store, the guarded way out and the limits of input pictures."""
        self._blobs = blobs
        self._reader = reader
        self._guard = guard
        self._limits = limits
        self._polarity = polarity

    async def gather(self, task: Task, manifest: Manifest) -> Material:
        """Return the material of a task; raises Refused when a part of it cannot be had."""
        order = task.order
        linked: Sequence[str] = () if manifest.reads_links else order.get("links", ())
        named = (*linked, *order.get("pictures", ()))
        parent = await self._find(task.parent_id)
        base = await self._find(order.get("base_id")) if "base_id" in order else parent
        return Material(
            pictures=[await self._read(one) for one in named],
            mask=await self._mask(order.get("mask")),
            parent=parent,
            base=base,
            read_blob=self._blobs.get,
        )

    async def _find(self, task_id: int | None) -> Task | None:
        return await self._reader.find(task_id) if task_id else None

    async def _mask(self, named: str | None) -> bytes | None:
        if named is None:
            return None
        data = await self._read(named)
        if not is_link(named):
            return data  # Checked and brought into one form when it came in.
        try:
            return await asyncio.to_thread(mask.read_mask, data, self._limits, self._polarity)
        except picture.PictureRefused as refusal:
            raise Refused(f"the mask cannot be used: {refusal}") from refusal

    async def _read(self, named: str) -> bytes:
        if is_link(named):
            return await self._fetch(named)
        try:
            return await self._blobs.get(named)
        except BlobMissing as missing:
            raise Refused("an input picture of this task is gone") from missing

    async def _fetch(self, url: str) -> bytes:
        for tried in range(_TRIES):
            try:
                answer = await self._guard.get(
                    url, max_bytes=self._limits.max_bytes, timeout_s=_FETCH_S
                )
                break
            except WebRefused as refusal:
                raise Refused(f"the picture link {url[:200]} is refused: {refusal}") from refusal
            except WebUnavailable as error:
                if tried == _TRIES - 1:
                    raise Refused(f"the picture link {url[:200]} does not answer") from error
                await asyncio.sleep(delay_s(tried, base=0.5, cap=5.0))
        if answer.status != 200:
            raise Refused(f"the picture link {url[:200]} answers HTTP {answer.status}")
        try:
            await asyncio.to_thread(picture.inspect, answer.body, self._limits)
        except picture.PictureRefused as refusal:
            raise Refused(f"{url[:200]} is no picture we take: {refusal}") from refusal
        return answer.body
