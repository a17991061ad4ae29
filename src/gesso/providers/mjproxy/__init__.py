"""Any server that speaks the Midjourney-proxy wire, as an upstream.

Facts: wire/midjourney-proxy sections 3 to 8. Our reference travels as `state`, so that after
a broken connection the upstream can be asked what became of an order.

    orders    from a job to the call that starts it (pure)
    line      the connection to an upstream of this wire
    results   from a finished task to pictures, clips, texts and facts
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, ProviderError, Refused, Unavailable, Uncertain
from gesso.domain.provider import Job, Manifest, Option, Progress, Stage
from gesso.domain.task import Action
from gesso.providers.mjproxy import orders, results
from gesso.providers.mjproxy.line import Line, Missing
from gesso.upstream import parent
from gesso.upstream.scrub import scrub
from gesso.upstream.watch import Watch

#: Some upstreams list only so many of their newest tasks.
_LISTED = 100
#: Not taken, and the same order may be taken later: queue full, submitting failed, busy.
_BUSY = frozenset({9, 23, 30})
_NO_ACCOUNT = 3
_DIALOG = 21
#: How often a picture is asked for that is not there though its task is done.
_DOWNLOADS = 4
#: How many tasks are fetched at once from an upstream that has no list-by-condition.
_AT_ONCE = 8
#: Seconds until list-by-condition is tried again: its failure may have been a passing one.
_SINGLE_S = 600.0
#: Begins our own id of a result that is taken out of the store; the rest is our reference.
_STORED = "stored:"


class MidjourneyProxy:
    """Talks to upstreams of this wire."""

    manifest = Manifest(
        name="mjproxy",
        title="Midjourney proxy",
        about="Any server that speaks the Midjourney-proxy wire (/mj/submit/…, /mj/task/…).",
        actions=frozenset(Action) - {Action.REMIX},
        needs_base_url=True,
        poll_s=0.0,  # `poll` itself waits for the task's turn.
        can_find=True,
        options=(Option("secret", "The upstream's API key (`mj-api-secret`).", secret=True),),
    )

    def __init__(self, *, poll_s: float, max_result_bytes: int, answer_s: float) -> None:
        """Take the seconds between two looks, the largest result and the patience."""
        self._line = Line(max_result_bytes, answer_s)
        self._poll_s = poll_s
        self._watches: dict[str, Watch] = {}
        #: Upstreams without list-by-condition, by base URL: when to try it again.
        self._single: dict[str, float] = {}

    async def submit(self, job: Job) -> str:
        """Start the job with our reference as `state`, and answer its dialog if it has one."""
        if orders.is_stored(job):
            return _STORED + job.reference
        call = orders.write(job, await _stored_picture(job))
        upstream_id, asks = self._read_taken(
            job, await self._line.order(job.channel, call.path, call.body)
        )
        return await self._answer_dialog(job, upstream_id) if asks else upstream_id

    async def find(self, job: Job) -> str | None:
        """Look for our reference among the upstream's tasks."""
        if orders.is_stored(job):
            return _STORED + job.reference
        listed = await self._line.ask(job.channel, "GET", "/mj/task/list")
        if not isinstance(listed, list):
            raise Uncertain("the upstream does not list its tasks")
        task = _with_state(listed, job.reference)
        if task is None and len(listed) >= _LISTED:
            task = await self._query(job)
        if task is None:
            return None
        if task.get("status") == "MODAL":  # The order stopped halfway: before its dialog.
            return await self._answer_dialog(job, str(task["id"]))
        return str(task["id"])

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Wait for the task's turn and tell what the upstream says of it."""
        if upstream_id.startswith(_STORED):
            return await parent.take_stored(job, orders.wanted_tile(job))
        watch = self._watch(job.channel)
        task = await watch.look(upstream_id)
        if not isinstance(task, dict) or "status" not in task:
            raise Garbled("not a task of this wire")
        status = task["status"]
        if status == "SUCCESS":
            progress = await self._collect(job, upstream_id, task)
        elif status in {"FAILURE", "CANCEL"}:
            reason = scrub(job.channel, task.get("failReason") or "the upstream gave no reason")
            progress = Progress(Stage.FAILED, code="refused", reason=reason)
        else:
            return Progress(Stage.WORKING, _percent(task.get("progress")))
        watch.forget(upstream_id)
        return progress

    async def probe(self, channel: Channel) -> None:
        """Ask for no task at all: the upstream answers, and takes our key."""
        await self._line.ask(channel, "POST", "/mj/task/list-by-condition", {"ids": []})

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """POST /mj/task/{id}/cancel; upstreams without it just go on."""
        if upstream_id.startswith(_STORED):
            return
        self._watch(job.channel).forget(upstream_id)
        try:
            await self._line.ask(job.channel, "POST", f"/mj/task/{upstream_id}/cancel", {})
        except ProviderError:
            return

    # Submitting -------------------------------------------------------------------------

    def _read_taken(self, job: Job, answer: Mapping[str, Any]) -> tuple[str, bool]:
        """Return the upstream's id and whether a dialog waits for its answer."""
        code, result = answer["code"], answer.get("result")
        if code in {1, 22} and result:
            return str(result), False
        if code == _DIALOG and result:
            properties = answer.get("properties")
            # The other meaning of 21: this very task exists already, and here it is.
            exists = isinstance(properties, dict) and properties.get("status")
            return str(result), not exists
        reason = scrub(job.channel, answer.get("description") or "no reason given")
        follows = parent.deed_of(job) is not None or bool(job.task.order.get("extend"))
        if code in _BUSY or (code == _NO_ACCOUNT and not follows):
            raise Unavailable(reason, busy=True)
        if code in {1, 22, _DIALOG}:
            raise Uncertain(f"the upstream says yes and names no task: {reason}")
        raise Refused(f"{reason} (code {code})")

    async def _answer_dialog(self, job: Job, upstream_id: str) -> str:
        call = orders.write_modal(job, upstream_id)
        try:
            answer = await self._line.order(job.channel, call.path, call.body)
            return self._read_taken(job, answer)[0]
        except Unavailable as error:
            # The dialog waits there and costs nothing. `find` sees it and answers it again.
            raise Uncertain(f"the dialog could not be answered: {error.message}") from error

    async def _query(self, job: Job) -> dict[str, Any] | None:
        """Ask for our reference by name; raises Uncertain where that cannot be asked."""
        wish = {"state": job.reference, "pageNumber": 0, "pageSize": 10}
        try:
            page = await self._line.ask(job.channel, "POST", "/mj/task/query", wish)
        except Garbled:
            page = None
        rows = page.get("content") if isinstance(page, dict) else None
        if not isinstance(rows, list):
            raise Uncertain("the upstream lists only its newest tasks")
        found = _with_state(rows, job.reference)
        if found is None and rows:
            raise Uncertain("the upstream cannot search for a state")
        return found

    # Looking ----------------------------------------------------------------------------

    def _watch(self, channel: Channel) -> Watch:
        watch = self._watches.get(channel.id)
        if watch is None:

            async def ask(ids: list[str]) -> dict[str, Any]:
                return await self._ask(channel, ids)

            watch = self._watches[channel.id] = Watch(ask, self._poll_s)
        return watch

    async def _ask(self, channel: Channel, ids: list[str]) -> dict[str, Any]:
        if time.monotonic() >= self._single.get(channel.base_url, 0.0):
            path = "/mj/task/list-by-condition"
            try:
                listed = await self._line.ask(channel, "POST", path, {"ids": ids})
            except Garbled:
                listed = None
            if isinstance(listed, list):
                return {str(t.get("id")): t for t in listed if isinstance(t, dict)}
        found = await self._fetch_each(channel, ids)
        if found:
            # It does answer, one by one: it has no list-by-condition.
            self._single[channel.base_url] = time.monotonic() + _SINGLE_S
        return found

    async def _fetch_each(self, channel: Channel, ids: list[str]) -> dict[str, Any]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def fetch(one: str) -> Any:
            async with gate:
                try:
                    return await self._line.ask(channel, "GET", f"/mj/task/{one}/fetch")
                except Garbled:
                    return None

        tasks = await asyncio.gather(*(fetch(one) for one in ids))
        return {one: task for one, task in zip(ids, tasks, strict=True) if task is not None}

    async def _collect(self, job: Job, upstream_id: str, task: dict[str, Any]) -> Progress:
        async def get(url: str) -> bytes:
            return await self._download(job.channel, url)

        try:
            return await results.collect(job, upstream_id, task, get)
        except Garbled as error:
            # It will be as broken the next time: an end, not something to ask for again.
            return Progress(Stage.FAILED, code="garbled", reason=error.message)

    async def _download(self, channel: Channel, url: str) -> bytes:
        """Fetch a result; some upstreams call a task done while its picture is being copied."""
        for tried in range(_DOWNLOADS):
            if tried:
                await asyncio.sleep(self._poll_s * 2**tried)
            try:
                return await self._line.download(channel, url)
            except Missing as missing:
                error = missing
        raise Garbled(str(error))


def open_provider(
    *,
    upstream_poll_s: float = 1.0,
    upstream_answer_s: float = 30.0,
    max_result_bytes: int = 256 * 1024 * 1024,
    **_: Any,
) -> MidjourneyProxy:
    """Open the provider."""
    return MidjourneyProxy(
        poll_s=upstream_poll_s, max_result_bytes=max_result_bytes, answer_s=upstream_answer_s
    )


def _percent(text: object) -> int:
    digits = str(text or "").rstrip("%")
    return min(99, int(digits)) if digits.isascii() and digits.isdigit() else 0


def _with_state(tasks: list[Any], reference: str) -> dict[str, Any] | None:
    return next((t for t in tasks if isinstance(t, dict) and t.get("state") == reference), None)


async def _stored_picture(job: Job) -> bytes | None:
    """Return the parent's picture that a follow-up works on, from our own store."""
    of, read = job.material.parent, job.material.read_blob
    if of is None or read is None or parent.deed_of(job) is None:
        return None
    if parent.upstream_of_parent(job) is not None:
        return None
    position = orders.wanted_tile(job)
    tile = next((p for p in of.pictures if p.position == position), None)
    if tile is None or not tile.mime.startswith("image/"):
        return None
    return await read(tile.blob)
