"""Any host of the APIMart wire, as an upstream of Midjourney tasks.

Facts: wire/apimart sections 3 to 8. The wire has no way to look an order up by a name of
ours. So an order whose answer was lost is given up and never sent again, unless the operator
says that the host keeps `Idempotency-Key`: then the same key brings the same task.

    orders    from a job to the call that starts it (pure)
    results   what the wire says of refusals and finished tasks (pure)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import (
    Garbled,
    Locked,
    ProviderError,
    Refused,
    Unavailable,
    Uncertain,
)
from gesso.domain.provider import Delivered, Job, Manifest, Option, Progress, Stage
from gesso.domain.task import Action
from gesso.providers.apimart import orders, results
from gesso.upstream import option, pictures
from gesso.upstream.line import Line, Missing, bearer
from gesso.upstream.parent import take_stored
from gesso.upstream.scrub import scrub
from gesso.upstream.watch import Watch

_OK = frozenset({1, 200, 202})
_DONE = frozenset({"completed", "success", "succeeded"})
_FAILED = frozenset({"failed", "cancelled", "failure", "cancel", "error", "not_found"})
_TEXTS = frozenset({Action.DESCRIBE, Action.SHORTEN})
#: How often a picture is asked for that is not there though its task is done.
_DOWNLOADS = 4
#: How many tasks are asked for at once from a host without the batch query.
_AT_ONCE = 8
#: Seconds until the batch query is tried again where it failed.
_SINGLE_S = 600.0
_STORED = "stored:"


class APIMart:
    """Talks to hosts of this wire."""

    manifest = Manifest(
        name="apimart",
        title="APIMart",
        about="Any host of the APIMart wire (/v1/midjourney/generations/…, /v1/tasks/…).",
        actions=orders.ACTIONS,
        needs_base_url=True,
        poll_s=0.0,  # `poll` itself waits for the task's turn.
        options=(
            Option("api_key", "The host's API key.", secret=True),
            Option("mask", "Which pixels of a mask it repaints: transparent or light.",
                   "transparent"),
            Option("idempotent", "Whether the host keeps Idempotency-Key: true or false.",
                   "false"),
        ),
    )  # fmt: skip

    def __init__(self, *, poll_s: float, answer_s: float, max_result_bytes: int) -> None:
        """Take the seconds between two looks, the patience, and the largest result."""
        self._line = Line(bearer, max_result_bytes=max_result_bytes, answer_s=answer_s)
        self._poll_s = poll_s
        self._watches: dict[str, Watch] = {}
        #: Hosts without the batch query, by base URL: when to try it again.
        self._single: dict[str, float] = {}

    async def submit(self, job: Job) -> str:
        """Send the order, and answer the dialog of one that repaints a region."""
        if orders.is_stored(job):
            return _STORED + job.reference
        call = orders.write(job, await orders.read_stored(job))
        upstream_id, status = await self._order(job, call, job.reference)
        if status == "modal" or job.task.action is Action.INPAINT:
            modal = await asyncio.to_thread(orders.write_modal, job, upstream_id)
            try:
                upstream_id, _ = await self._order(job, modal, f"{job.reference}-modal")
            except (Refused, Unavailable) as error:
                # The dialog lapses by itself in half an hour and costs nothing.
                raise Refused(f"the dialog was not taken: {error.message}") from error
        return upstream_id

    async def find(self, job: Job) -> str | None:
        """Send an order again under its key where the host keeps keys; else nobody can tell."""
        if orders.is_stored(job):
            return _STORED + job.reference
        if not option.switch(job.channel, "idempotent"):
            raise Uncertain("this wire cannot be asked what became of an order")
        return await self.submit(job)

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Wait for the task's turn and tell what the host says of it."""
        if upstream_id.startswith(_STORED):
            return await take_stored(job, orders.wanted_tile(job))
        watch = self._watch(job.channel)
        task = await watch.look(upstream_id)
        if not isinstance(task, dict) or not isinstance(task.get("status"), str):
            raise Garbled("not a task of this wire")
        status = task["status"].lower()
        if status in _DONE:
            progress = await self._collect(job, upstream_id, task)
        elif status in _FAILED:
            progress = await self._failure(job, upstream_id, task)
        else:
            return Progress(Stage.WORKING, results.read_percent(task.get("progress")))
        watch.forget(upstream_id)
        return progress

    async def probe(self, channel: Channel) -> None:
        """Ask for the balance: the host answers, and takes our key."""
        answer = await self._line.ask(channel, "GET", _path(channel, "/v1/balance"))
        if not isinstance(answer, dict):
            raise Unavailable("the upstream does not answer as this wire does")

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """POST /v1/tasks/{id}/cancel; hosts without it just go on."""
        if upstream_id.startswith(_STORED):
            return
        self._watch(job.channel).forget(upstream_id)
        try:
            path = _path(job.channel, f"/v1/tasks/{upstream_id}/cancel")
            await self._line.ask(job.channel, "POST", path, {})
        except ProviderError:
            return

    # Submitting -------------------------------------------------------------------------

    async def _order(self, job: Job, call: orders.Call, key: str) -> tuple[str, str]:
        """Return id and status of a task that was taken."""
        channel = job.channel
        answer = await self._line.order(
            channel, _path(channel, call.path), call.body, headers={"idempotency-key": key}
        )
        reason = results.read_reason(channel, answer)
        if answer.status == 402:
            raise Locked(f"the upstream's account has no money: {reason}")
        if answer.status == 409 and "idempotency" in reason:
            raise Uncertain(reason)
        if not answer.is_ok or answer.body.get("code", 200) not in _OK:
            raise Refused(reason)
        data = answer.body.get("data")
        taken = data[0] if isinstance(data, list) and data else data
        told = taken if isinstance(taken, dict) else {}
        upstream_id = told.get("task_id") or told.get("id")
        if not isinstance(upstream_id, str):
            raise Uncertain("the upstream says yes and names no task")
        return upstream_id, str(told.get("status"))

    # Looking ----------------------------------------------------------------------------

    def _watch(self, channel: Channel) -> Watch:
        watch = self._watches.get(channel.id)
        if watch is None:

            async def ask(ids: list[str]) -> dict[str, Any]:
                return await self._ask(channel, ids)

            watch = self._watches[channel.id] = Watch(ask, self._poll_s)
        return watch

    async def _ask(self, channel: Channel, ids: list[str]) -> dict[str, Any]:
        if len(ids) > 1 and time.monotonic() >= self._single.get(channel.base_url, 0.0):
            try:
                path = _path(channel, "/v1/tasks/batch")
                answer = await self._line.ask(channel, "POST", path, {"ids": ids})
            except Garbled:
                answer = None
            data = answer.get("data") if isinstance(answer, dict) else None
            if isinstance(data, list):
                return {str(t.get("id")): t for t in data if isinstance(t, dict)}
        found = await self._ask_each(channel, ids)
        if found and len(ids) > 1:
            self._single[channel.base_url] = time.monotonic() + _SINGLE_S
        return found

    async def _ask_each(self, channel: Channel, ids: list[str]) -> dict[str, Any]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def ask(one: str) -> Any:
            async with gate:
                try:
                    path = _path(channel, f"/v1/tasks/{one}")
                    answer = await self._line.ask(channel, "GET", path)
                except Garbled:
                    return None
                return answer.get("data") if isinstance(answer, dict) else None

        tasks = await asyncio.gather(*(ask(one) for one in ids))
        return {one: task for one, task in zip(ids, tasks, strict=True) if task is not None}

    async def _flat(self, job: Job, upstream_id: str) -> dict[str, Any]:
        path = _path(job.channel, f"/v1/midjourney/{upstream_id}")
        task = await self._line.ask(job.channel, "GET", path)
        if not isinstance(task, dict) or "status" not in task:
            raise Garbled("not a Midjourney task of this wire")
        return task

    # Ending -----------------------------------------------------------------------------

    async def _failure(self, job: Job, upstream_id: str, task: Mapping[str, Any]) -> Progress:
        error = task.get("error")
        said = error.get("message") if isinstance(error, dict) else None
        said = said or task.get("fail_reason")
        if not said and str(task["status"]).lower() != "not_found":
            said = (await self._flat(job, upstream_id)).get("fail_reason")
        reason = scrub(job.channel, said or "the upstream gave no reason")
        code = "banned" if "banned" in reason.lower() else "refused"
        return Progress(Stage.FAILED, code=code, reason=reason)

    async def _collect(self, job: Job, upstream_id: str, task: Mapping[str, Any]) -> Progress:
        flat = await self._flat(job, upstream_id)
        try:
            return await self._read_result(job, upstream_id, flat)
        except Garbled as error:
            return Progress(Stage.FAILED, code="garbled", reason=error.message)

    async def _read_result(self, job: Job, upstream_id: str, task: Mapping[str, Any]) -> Progress:
        facts = results.read_facts(upstream_id, task)
        if job.task.action in _TEXTS:
            return results.read_text(job, task, facts)
        clips = results.read_urls(task, "video_urls") or results.read_urls(task, "video_url")
        if clips:
            wanted = int(job.task.order.get("clips") or 1)
            files = [await self._download(job, url) for url in clips[:wanted]]
            shown = [Delivered(number, one) for number, one in enumerate(files, 1)]
            return Progress(Stage.DONE, 100, pictures=shown, expected=wanted, facts=facts)
        urls = results.read_urls(task, "image_urls")
        if not urls:
            raise Garbled("a finished task without a picture")
        if job.task.action is Action.UPSCALE:
            whole = Delivered(0, await self._download(job, urls[0]))
            return Progress(Stage.DONE, 100, pictures=[whole], facts=facts)
        tiles = [await self._download(job, url) for url in urls[:4]]
        grid = next(iter(results.read_urls(task, "grid_image_url")), None)
        if grid:
            whole = Delivered(0, await self._download(job, grid))
        else:
            made, _ = await asyncio.to_thread(pictures.finished, tiles, None, None)
            whole = Delivered(0, made)
        shown = [whole, *(Delivered(n, one) for n, one in enumerate(tiles, 1))]
        return Progress(Stage.DONE, 100, pictures=shown, expected=4, facts=facts)

    async def _download(self, job: Job, url: str) -> bytes:
        for tried in range(_DOWNLOADS):
            if tried:
                await asyncio.sleep(self._poll_s * 2**tried)
            try:
                return await self._line.download(job.channel, url)
            except Missing as missing:
                error = missing
        raise Garbled(str(error))


def open_provider(
    *,
    upstream_poll_s: float = 1.0,
    upstream_answer_s: float = 30.0,
    max_result_bytes: int = 256 * 1024 * 1024,
    **_: Any,
) -> APIMart:
    """Open the provider."""
    return APIMart(
        poll_s=upstream_poll_s, answer_s=upstream_answer_s, max_result_bytes=max_result_bytes
    )


def _path(channel: Channel, path: str) -> str:
    """Return a path below the base URL, which some operators write with its `/v1`."""
    return path.removeprefix("/v1") if channel.base_url.rstrip("/").endswith("/v1") else path
