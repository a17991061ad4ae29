"""A base for providers whose upstream works in jobs over HTTP.

It brings the connection, gesso's settings, the end of a job, and honest defaults for what an
upstream may lack. The class that is made of it is its own opener.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Uncertain
from gesso.domain.provider import Delivered, Job, Manifest, Progress, Stage
from gesso.upstream import pictures
from gesso.upstream.line import Line, Missing, bearer
from gesso.upstream.scrub import scrub


class HttpProvider(abc.ABC):
    """Subclass it, declare `manifest`, and write `submit`, `poll` and `probe`."""

    manifest: Manifest

    def __init__(
        self,
        *,
        upstream_poll_s: float = 1.0,
        upstream_answer_s: float = 30.0,
        max_result_bytes: int = 256 * 1024 * 1024,
        **_: Any,
    ) -> None:
        """Take the settings of gesso by name; what is not needed is ignored."""
        self.manifest = replace(self.manifest, poll_s=upstream_poll_s)
        self.line = Line(self.sign, max_result_bytes=max_result_bytes, answer_s=upstream_answer_s)

    def sign(self, channel: Channel) -> Mapping[str, str]:
        """Return the headers that show our credentials: a bearer, the option `api_key`."""
        return bearer(channel)

    @abc.abstractmethod
    async def submit(self, job: Job) -> str:
        """Start the job and return the upstream's id; raises as `Provider.submit`."""

    @abc.abstractmethod
    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Ask how far the job is; raises as `Provider.poll`."""

    @abc.abstractmethod
    async def probe(self, channel: Channel) -> None:
        """Ask whether a channel would work, starting nothing; raises as `Provider.probe`."""

    async def find(self, job: Job) -> str | None:
        """Raise Uncertain: unless it is written, nobody can look an order up."""
        raise Uncertain("this upstream cannot look an order up")

    async def cancel(self, job: Job, upstream_id: str) -> None:  # noqa: B027 - not a duty
        """Do nothing: unless it is written, the upstream cannot stop a job."""

    def work_on(self, percent: object = 0) -> Progress:
        """Return that a job is under way; an upstream's percentage may be anything."""
        known = percent if isinstance(percent, int | float) and 0 <= percent <= 99 else 0
        return Progress(Stage.WORKING, int(known))

    async def finish(self, job: Job, urls: object) -> Progress:
        """Download the pictures of a job and return its end: they with their grid, or a failure.

        Raises Unavailable when one cannot be had now, so that the next look tries again.
        """
        if not isinstance(urls, list) or not urls or not all(isinstance(u, str) for u in urls):
            return Progress(Stage.FAILED, code="garbled", reason="the upstream names no pictures")
        try:
            files = [await self.line.download(job.channel, url) for url in urls]
            grid, tiles = await asyncio.to_thread(pictures.finished, files, None, None)
        except (Garbled, Missing) as error:
            return Progress(Stage.FAILED, code="garbled", reason=str(error))
        shown = [Delivered(0, grid), *(Delivered(n, one) for n, one in enumerate(tiles, 1))]
        return Progress(Stage.DONE, 100, pictures=shown, expected=len(tiles))

    def fail(self, job: Job, reason: object, code: str = "refused") -> Progress:
        """Return the end of a job that failed; no credential or address is left in the reason."""
        return Progress(Stage.FAILED, code=code, reason=scrub(job.channel, reason))
