"""A provider for an imagined HTTP API that makes pictures in jobs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, ProviderError, Refused, Unavailable, Uncertain
from gesso.domain.provider import Delivered, Job, Manifest, Option, Progress, Stage
from gesso.domain.task import Action
from gesso.upstream import pictures
from gesso.upstream.line import Line, Missing, bearer
from gesso.upstream.scrub import scrub


class Example:
    """Talks to servers of this API."""

    def __init__(self, poll_s: float, answer_s: float, max_result_bytes: int) -> None:
        self._line = Line(bearer, max_result_bytes=max_result_bytes, answer_s=answer_s)
        self.manifest = Manifest(
            name="example",
            title="Example",
            about="An example: jobs over HTTP.",
            actions=frozenset({Action.IMAGINE}),
            needs_base_url=True,
            poll_s=poll_s,
            can_find=True,
            options=(Option("api_key", "The server's API key.", secret=True),),
        )

    async def submit(self, job: Job) -> str:
        seed = job.task.order.get("seed")
        body = {"reference": job.reference, "prompt": job.task.final_prompt, "seed": seed}
        answer = await self._line.order(job.channel, "/jobs", body)
        if not answer.is_ok:
            raise Refused(scrub(job.channel, answer.body.get("error")))
        if not isinstance(answer.body.get("id"), str):
            raise Uncertain("the server took the job and names no id")
        return str(answer.body["id"])

    async def find(self, job: Job) -> str | None:
        found = await self._line.ask(job.channel, "GET", f"/jobs?reference={job.reference}")
        if not isinstance(found, list):
            raise Uncertain("the server does not list its jobs")
        return str(found[0]["id"]) if found else None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        told = await self._line.ask(job.channel, "GET", f"/jobs/{upstream_id}")
        if not isinstance(told, dict) or "status" not in told:
            raise Garbled("not a job of this API")
        if told["status"] == "failed":
            reason = scrub(job.channel, told.get("error"))
            return Progress(Stage.FAILED, code="refused", reason=reason)
        if told["status"] != "done":
            return Progress(Stage.WORKING, min(99, int(told.get("percent") or 0)))
        try:
            files = [await self._line.download(job.channel, url) for url in told["pictures"]]
            grid, tiles = await asyncio.to_thread(pictures.finished, files, None, None)
        except (Garbled, Missing) as error:
            return Progress(Stage.FAILED, code="garbled", reason=str(error))
        shown = [Delivered(0, grid), *(Delivered(n, one) for n, one in enumerate(tiles, 1))]
        return Progress(Stage.DONE, 100, pictures=shown, expected=len(tiles))

    async def probe(self, channel: Channel) -> None:
        if not isinstance(await self._line.ask(channel, "GET", "/jobs?reference="), list):
            raise Unavailable("the server does not answer as this API does")

    async def cancel(self, job: Job, upstream_id: str) -> None:
        with suppress(ProviderError):
            await self._line.ask(job.channel, "DELETE", f"/jobs/{upstream_id}")


def open_provider(
    *,
    upstream_poll_s: float = 1.0,
    upstream_answer_s: float = 30.0,
    max_result_bytes: int = 256 * 1024 * 1024,
    **_: Any,
) -> Example:
    """Open the provider; gesso hands in its settings by name."""
    return Example(upstream_poll_s, upstream_answer_s, max_result_bytes)
