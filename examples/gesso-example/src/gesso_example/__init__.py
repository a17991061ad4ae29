"""A provider for an imagined HTTP API that makes pictures in jobs."""

from __future__ import annotations

from contextlib import suppress

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, ProviderError, Refused, Unavailable, Uncertain
from gesso.domain.provider import Job, Manifest, Option, Progress
from gesso.domain.task import Action
from gesso.upstream.http_provider import HttpProvider
from gesso.upstream.scrub import scrub


class Example(HttpProvider):
    manifest = Manifest(
        name="example",
        title="Example",
        about="An example: jobs over HTTP.",
        actions=frozenset({Action.IMAGINE}),
        needs_base_url=True,
        can_find=True,
        options=(Option("api_key", "The server's API key.", secret=True),),
    )

    async def submit(self, job: Job) -> str:
        wanted = {"prompt": job.task.final_prompt, "seed": job.task.order.get("seed")}
        answer = await self.line.order(job.channel, "/jobs", {"reference": job.reference, **wanted})
        if not answer.is_ok:
            raise Refused(scrub(job.channel, answer.body.get("error")))
        if not isinstance(answer.body.get("id"), str):
            raise Uncertain("the server took the job and names no id")
        return str(answer.body["id"])

    async def find(self, job: Job) -> str | None:
        found = await self.line.ask(job.channel, "GET", f"/jobs?reference={job.reference}")
        if not isinstance(found, list):
            raise Uncertain("the server does not list its jobs")
        return str(found[0]["id"]) if found else None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        told = await self.line.ask(job.channel, "GET", f"/jobs/{upstream_id}")
        if not isinstance(told, dict) or "status" not in told:
            raise Garbled("not a job of this API")
        if told["status"] == "failed":
            return self.fail(job, told.get("error"))
        if told["status"] == "done":
            return await self.finish(job, told.get("pictures"))
        return self.work_on(told.get("percent"))

    async def probe(self, channel: Channel) -> None:
        if not isinstance(await self.line.ask(channel, "GET", "/jobs?reference="), list):
            raise Unavailable("the server does not answer as this API does")

    async def cancel(self, job: Job, upstream_id: str) -> None:
        with suppress(ProviderError):
            await self.line.ask(job.channel, "DELETE", f"/jobs/{upstream_id}")


open_provider = Example
