"""A ComfyUI server: workflow graphs in, pictures out, progress over its websocket.

    graphs   the graph of a job: the operator's template or a built-in one (pure)
    wire     the server's own words: ids, refusals, ends, uploads (pure)
    feed     the websocket: progress and previews of the jobs of one channel

The server takes our id of a prompt, and keeps our reference with it; so a job whose answer
was lost is found again in its queue or history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Locked, ProviderError, Refused, Unavailable, Uncertain
from gesso.domain.provider import Job, Manifest, Option, Progress, Stage
from gesso.providers.comfyui import graphs, wire
from gesso.providers.comfyui.feed import Feed
from gesso.upstream import diffusion, pictures
from gesso.upstream.diffusion import Work
from gesso.upstream.line import Line, Missing, bearer
from gesso.upstream.scrub import scrub

#: Looks without news until the queue is asked whether the job is still there at all.
_SILENT = 5
#: How many of the newest finished prompts are searched for one of ours.
_HISTORY = 500
_STORED = "stored:"


class ComfyUI:
    """Talks to ComfyUI servers."""

    manifest = Manifest(
        name="comfyui",
        title="ComfyUI",
        about="A ComfyUI server, with workflows of your own or built-in ones.",
        actions=diffusion.ACTIONS,
        needs_base_url=True,
        poll_s=0.0,  # `poll` itself waits for news.
        can_find=True,
        options=(
            *diffusion.OPTIONS,
            Option("model", "Checkpoint file of the built-in workflows."),
            Option("sampler", "Sampler.", "euler"),
            Option("scheduler", "Scheduler.", "normal"),
            Option("upscale_model", "Upscale model file; empty enlarges by resampling."),
            *(Option(f"workflow_{work}", graphs.ABOUT[work]) for work in graphs.ABOUT),
            Option("api_key", "Sent as a bearer token, for servers behind a proxy.", secret=True),
        ),
    )

    def __init__(self, *, poll_s: float, answer_s: float, max_result_bytes: int) -> None:
        """Take the longest time between two looks, the patience, and the largest result."""
        self._line = Line(bearer, max_result_bytes=max_result_bytes, answer_s=answer_s)
        self._poll_s = poll_s
        self._answer_s = answer_s
        self._feeds: dict[str, Feed] = {}

    async def submit(self, job: Job) -> str:
        """Upload the pictures and queue the graph."""
        plan = await diffusion.plan(job)
        if plan.work is Work.TAKE:
            return _STORED + job.reference
        graphs.check(job.channel, plan)
        files = {
            name: await self._upload(job, name, data)
            for name, data in (("image", plan.source), ("mask", plan.mask))
            if data is not None
        }
        feed = self._feed(job.channel)
        body = {
            "prompt": graphs.write(job.channel, plan, files, job.reference),
            "client_id": feed.client_id,
            "prompt_id": wire.prompt_id(job),
            "extra_data": {"gesso": job.reference},
        }
        answer = await self._line.order(job.channel, "/prompt", body)
        if not answer.is_ok:
            raise Refused(wire.read_refusal(job.channel, answer))
        upstream_id = answer.body.get("prompt_id")
        if not isinstance(upstream_id, str) or not upstream_id:
            raise Uncertain("the upstream took the workflow and names no prompt")
        feed.watch(upstream_id)
        return upstream_id

    async def find(self, job: Job) -> str | None:
        """Look for our reference in the server's queue and in its history."""
        for entry in await self._queue(job.channel):
            if wire.is_ours(entry, job):
                return str(entry[1])
        history = await self._line.ask(job.channel, "GET", f"/history?max_items={_HISTORY}")
        if not isinstance(history, dict):
            raise Uncertain("the upstream does not tell its history")
        for upstream_id, one in history.items():
            if isinstance(one, dict) and wire.is_ours(one.get("prompt"), job):
                return str(upstream_id)
        return None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Wait for news of the job, and fetch its pictures once it is over."""
        if upstream_id.startswith(_STORED):
            return await diffusion.take(job)
        feed = self._feed(job.channel)
        news = await feed.wait(upstream_id, self._poll_s)
        entry = await self._history(job.channel, upstream_id)
        if entry is None and news.silent >= _SILENT:
            entry = await self._missing(job.channel, upstream_id)
            news.silent = 0
        if entry is not None:
            progress = await self._end(job, entry)
            feed.forget(upstream_id)
            return progress
        shown, news.preview = news.preview, None
        preview = await asyncio.to_thread(pictures.preview, shown) if shown else None
        return Progress(Stage.WORKING, news.percent, preview)

    async def probe(self, channel: Channel) -> None:
        """Ask for the queue: the server answers, and takes our credentials."""
        await self._queue(channel)

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Take the prompt out of the queue, and interrupt it where it runs."""
        if upstream_id.startswith(_STORED):
            return
        self._feed(job.channel).forget(upstream_id)
        with suppress(ProviderError):
            await self._line.ask(job.channel, "POST", "/queue", {"delete": [upstream_id]})
            # Older servers interrupt whatever runs, so it must be ours.
            running = await self._queue(job.channel, waiting=False)
            if any(entry[1] == upstream_id for entry in running):
                body = {"prompt_id": upstream_id}
                await self._line.ask(job.channel, "POST", "/interrupt", body)

    # Asking -----------------------------------------------------------------------------

    def _feed(self, channel: Channel) -> Feed:
        feed = self._feeds.get(channel.id)
        if feed is None or not feed.leads_to(channel):
            if feed is not None:
                feed.close()
            feed = self._feeds[channel.id] = Feed(channel, self._answer_s)
        return feed

    async def _queue(self, channel: Channel, *, waiting: bool = True) -> list[Any]:
        answer = await self._line.ask(channel, "GET", "/queue")
        parts = ["queue_running", *(["queue_pending"] if waiting else [])]
        if not isinstance(answer, dict) or not all(isinstance(answer.get(p), list) for p in parts):
            raise Unavailable("the upstream does not answer as ComfyUI does")
        entries = [entry for part in parts for entry in answer[part]]
        return [entry for entry in entries if isinstance(entry, list) and len(entry) > 1]

    async def _history(self, channel: Channel, upstream_id: str) -> dict[str, Any] | None:
        answer = await self._line.ask(channel, "GET", f"/history/{upstream_id}")
        if not isinstance(answer, dict):
            raise Garbled("not a history of ComfyUI")
        entry = answer.get(upstream_id)
        return entry if isinstance(entry, dict) else None

    async def _missing(self, channel: Channel, upstream_id: str) -> dict[str, Any] | None:
        """Return an end for a job that is neither queued nor done: the server forgot it."""
        if any(entry[1] == upstream_id for entry in await self._queue(channel)):
            return None
        gone: dict[str, Any] = {"lost": True}
        return await self._history(channel, upstream_id) or gone

    async def _upload(self, job: Job, name: str, data: bytes) -> str:
        file = f"{job.reference}-{name}.png"
        try:
            answer = await self._line.ask(
                job.channel, "POST", "/upload/image", wire.write_form(file, data)
            )
        except Locked:
            raise
        except ProviderError as error:
            raise Unavailable(f"a picture could not be sent: {error.message}") from error
        stored = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(stored, str):
            raise Unavailable("the upstream did not take a picture")
        folder = answer.get("subfolder")
        return f"{folder}/{stored}" if folder else stored

    # Ending -----------------------------------------------------------------------------

    async def _end(self, job: Job, entry: Mapping[str, Any]) -> Progress:
        if entry.get("lost"):
            return diffusion.failed("lost", "the upstream was restarted and forgot the job")
        fault = wire.read_fault(entry)
        if fault:
            return diffusion.failed("refused", scrub(job.channel, fault))
        plan = await diffusion.plan(job)
        try:
            files = [await self._fetch(job, one) for one in wire.read_images(entry)[: plan.count]]
        except Missing as missing:
            return diffusion.failed("garbled", str(missing))
        return await diffusion.finish(plan, files)

    async def _fetch(self, job: Job, image: Mapping[str, Any]) -> bytes:
        wanted = {name: str(image.get(name) or "") for name in ("filename", "subfolder", "type")}
        return await self._line.fetch(job.channel, f"/view?{urlencode(wanted)}")


def open_provider(
    *,
    upstream_poll_s: float = 1.0,
    upstream_answer_s: float = 30.0,
    max_result_bytes: int = 256 * 1024 * 1024,
    **_: Any,
) -> ComfyUI:
    """Open the provider."""
    return ComfyUI(
        poll_s=upstream_poll_s, answer_s=upstream_answer_s, max_result_bytes=max_result_bytes
    )
