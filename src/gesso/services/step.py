"""Carry one task from wherever it stands to its end.

Called by the worker for every job it gets, also after a crash: what is stored says what to
do next. The upstream is called at most once per stored intent; when nobody knows whether it
heard us, it is asked, and never sent the order again blindly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gesso.domain.attempt import Attempt, AttemptState
from gesso.domain.channel import Channel
from gesso.domain.errors import ProviderError, Refused, Unavailable, Uncertain
from gesso.domain.provider import Delivered, Job, Progress, Provider, Stage
from gesso.domain.task import Picture, Task, TaskStatus
from gesso.kit import clock, media, picture
from gesso.kit.backoff import delay_s
from gesso.services.attempts import Accept, Advance, Begin, Begun, SendBack
from gesso.services.breaker import Breaker
from gesso.services.catalogue import Catalogue
from gesso.services.gather import Gatherer
from gesso.services.settle import Fail, Succeed, too_late
from gesso.storage.blobs import Blobs
from gesso.storage.reader import Reader
from gesso.storage.writer import Writer

log = structlog.get_logger()

#: How often a task is tried on an upstream that surely did not start it.
MAX_ATTEMPTS = 5
#: How often an upstream is asked what became of an order before the task is given up.
MAX_LOOKUPS = 5
#: How often a provider may break in one task (a bug of ours or of its author) until it fails.
MAX_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Again:
    """The task waits for another try; the worker comes back after `delay`."""

    delay: timedelta


@dataclass(slots=True)
class _Trouble:
    """What went wrong while a task was followed."""

    failures: int = 0  #: Looks in a row that brought no news.
    faults: int = 0  #: Times that the provider broke, in all.


@dataclass(slots=True)
class _Trail:
    """What is known of a running task from outside of the step that runs it."""

    upstream_id: str | None = None


class Stepper:
    """Runs tasks of one worker."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        catalogue: Catalogue,
        blobs: Blobs,
        gatherer: Gatherer,
        breaker: Breaker,
        limits: picture.Limits,
        *,
        keep: timedelta,
        retry_s: float = 1.0,
    ) -> None:
        """Hold what a task needs; `retry_s` is the first pause after an upstream's failure."""
        self._writer = writer
        self._reader = reader
        self._catalogue = catalogue
        self._blobs = blobs
        self._gatherer = gatherer
        self._breaker = breaker
        self._limits = limits
        self._keep = keep
        self._retry_s = retry_s

    async def run(self, task_id: int, channel_id: str | None) -> Again | None:
        """Carry a task on in its channel's turn; returns Again when it must be tried later."""
        begun = await self._writer.write(Begin(task_id, channel_id))
        if begun is None:
            return None
        if begun.task.status is TaskStatus.QUEUED:
            await self._writer.write(too_late(begun.task))
            return None
        try:
            channel, provider = self._route(begun.task)
            job = await self._job(begun, channel, provider)
        except Refused as refusal:
            await self._fail(begun.task, refusal.code, refusal.message)
            return None
        trail = _Trail()
        try:
            return await self._carry(begun, job, provider, trail)
        except asyncio.CancelledError:
            # The task was cancelled or this worker stops. Only a task that has ended is
            # stopped upstream as well; another worker carries the others on.
            await asyncio.shield(self._stop_upstream(job, provider, trail))
            raise

    async def _carry(
        self, begun: Begun, job: Job, provider: Provider, trail: _Trail
    ) -> Again | None:
        if begun.task.status is TaskStatus.SUBMITTING:
            started = await self._start(begun, job, provider)
            if not isinstance(started, Begun):
                return started
            begun = started
        attempt = begun.attempt
        if attempt is None or attempt.upstream_id is None:
            await self._fail(begun.task, "lost", "no upstream id is known for a running task")
            return None
        trail.upstream_id = attempt.upstream_id
        await self._follow(begun.task, attempt.upstream_id, job, provider)
        return None

    # Starting ---------------------------------------------------------------------------

    async def _start(self, begun: Begun, job: Job, provider: Provider) -> Begun | Again | None:
        attempt = begun.attempt
        if attempt is None:
            await self._fail(begun.task, "lost", "no attempt is known for a submitted task")
            return None
        try:
            upstream_id = await self._ask(begun, job, provider)
        except Refused as refusal:
            await self._breaker.worked(job.channel, begun.task.id)
            await self._fail(begun.task, refusal.code, refusal.message)
            return None
        except Unavailable as error:
            await self._breaker.failed(job.channel, begun.task.id, error)
            return await self._send_back(attempt, begun.task, job.channel, error)
        except Uncertain as doubt:
            await self._breaker.failed(job.channel, begun.task.id, Unavailable(doubt.message))
            reason = f"nobody knows whether the upstream took the order: {doubt.message}"
            await self._fail(begun.task, "lost", reason, AttemptState.LOST)
            return None
        if upstream_id is None:
            never = Unavailable("the upstream did not take it")
            await self._breaker.failed(job.channel, begun.task.id, never)
            return await self._send_back(attempt, begun.task, job.channel, never)
        await self._breaker.worked(job.channel, begun.task.id)
        accepted = await self._writer.write(Accept(attempt, upstream_id))
        if accepted is None:  # Cancelled while the upstream was being asked.
            await self._tell_stop(job, provider, upstream_id)
        return accepted

    async def _ask(self, begun: Begun, job: Job, provider: Provider) -> str | None:
        """Return the upstream's id, or None when the order surely was not started."""
        if begun.fresh:
            try:
                return await provider.submit(job)
            except (Refused, Unavailable):
                raise
            except ProviderError as error:
                log.warning("submit_in_doubt", task_id=begun.task.id, error=error.message)
            except Exception:
                log.exception("provider_bug", task_id=begun.task.id, provider=job.channel.provider)
        return await self._look_up(job, provider)

    async def _look_up(self, job: Job, provider: Provider) -> str | None:
        for tried in range(MAX_LOOKUPS):
            if tried:
                await asyncio.sleep(delay_s(tried - 1, base=self._retry_s, cap=30.0))
            try:
                return await provider.find(job)
            except Uncertain:
                raise
            except ProviderError as error:
                log.info("lookup_failed", task_id=job.task.id, error=error.message)
            except Exception:
                log.exception("provider_bug", task_id=job.task.id, provider=job.channel.provider)
        raise Uncertain("it could not be asked")

    async def _send_back(
        self, attempt: Attempt, task: Task, channel: Channel, error: Unavailable
    ) -> Again | None:
        # While the channel rests it is not the task's fault: the gate moves it or lets it wait.
        rests = self._breaker.rests(channel)
        if attempt.number >= MAX_ATTEMPTS and not rests:
            await self._fail(task, error.code, error.message, AttemptState.REFUSED)
            return None
        await self._writer.write(SendBack(attempt, error.message))
        wait_s = error.retry_after_s or delay_s(attempt.number - 1, base=self._retry_s, cap=30.0)
        return Again(timedelta(seconds=wait_s))

    # Following --------------------------------------------------------------------------

    async def _follow(self, task: Task, upstream_id: str, job: Job, provider: Provider) -> None:
        trouble = _Trouble()
        while not task.is_final:
            progress = await self._look(upstream_id, job, provider, trouble)
            if progress.stage is Stage.DONE:
                await self._finish(task, progress)
                return
            if progress.stage is Stage.FAILED:
                reason = progress.reason or ""
                await self._fail(task, progress.code or "refused", reason)
                return
            task = await self._note(task, progress)
            if self._overdue(task, job.channel):
                await self._tell_stop(job, provider, upstream_id)
                await self._fail(task, "timeout", "任务超时")
                return
            pause_s = provider.manifest.poll_s
            if trouble.failures:
                pause_s = delay_s(trouble.failures - 1, base=self._retry_s, cap=30.0)
            await asyncio.sleep(pause_s)

    async def _look(
        self, upstream_id: str, job: Job, provider: Provider, trouble: _Trouble
    ) -> Progress:
        """Poll once; a failure means no news, until the provider has broken too often."""
        try:
            progress = await provider.poll(job, upstream_id)
        except ProviderError as error:
            trouble.failures += 1
            log.info("poll_failed", task_id=job.task.id, error=error.message)
            return Progress(Stage.WORKING)
        except Exception as fault:
            trouble.failures += 1
            trouble.faults += 1
            log.exception("provider_bug", task_id=job.task.id, provider=job.channel.provider)
            if trouble.faults < MAX_FAULTS:
                return Progress(Stage.WORKING)
            await self._tell_stop(job, provider, upstream_id)
            return Progress(Stage.FAILED, code="internal", reason=repr(fault)[:500])
        trouble.failures = 0
        return progress

    async def _note(self, task: Task, progress: Progress) -> Task:
        if progress.percent <= task.progress:
            return task
        preview = None
        if progress.preview is not None:
            preview = (await self._blobs.put(progress.preview, extension="webp")).key
        return await self._writer.write(Advance(task.id, progress.percent, preview))

    def _overdue(self, task: Task, channel: Channel) -> bool:
        # Counted from the last progress: a slow job that still moves is not killed.
        since = task.progressed_at or task.started_at or task.submitted_at
        return clock.now() - since > timedelta(seconds=channel.timeout_s)

    # Ending -----------------------------------------------------------------------------

    async def _finish(self, task: Task, progress: Progress) -> None:
        try:
            pictures = await self._store(progress.pictures)
        except picture.PictureRefused as refusal:
            await self._fail(task, "garbled", f"the upstream sent a broken picture: {refusal}")
            return
        tiles = sum(p.position > 0 for p in pictures)
        await self._writer.write(
            Succeed(
                task,
                pictures,
                _without_pictures(progress.facts),
                self._keep,
                delivered=tiles if progress.expected else 1,
                expected=progress.expected or 1,
            )
        )

    async def _store(self, delivered: Sequence[Delivered]) -> tuple[Picture, ...]:
        pictures = []
        for one in delivered:
            facts = await asyncio.to_thread(media.inspect, one.data, self._limits)
            blob = await self._blobs.put(one.data, extension=facts.extension)
            pictures.append(
                Picture(
                    one.position, blob.key, facts.mime, facts.width, facts.height, blob.size_bytes
                )
            )
        return tuple(pictures)

    async def _fail(
        self,
        task: Task,
        code: str,
        reason: str,
        state: AttemptState = AttemptState.FINISHED,
    ) -> None:
        await self._writer.write(Fail(task, code, reason, state))

    async def _stop_upstream(self, job: Job, provider: Provider, trail: _Trail) -> None:
        begun = await self._reader.find(job.task.id)
        if begun is None or begun.status is not TaskStatus.CANCELLED:
            return
        upstream_id = trail.upstream_id
        try:
            upstream_id = upstream_id or await provider.find(job)
        except Exception:
            log.warning("upstream_not_told", task_id=job.task.id, exc_info=True)
            return
        if upstream_id is not None:
            await self._tell_stop(job, provider, upstream_id)

    async def _tell_stop(self, job: Job, provider: Provider, upstream_id: str) -> None:
        try:
            await provider.cancel(job, upstream_id)
        except Exception:
            log.warning("upstream_not_told", task_id=job.task.id, exc_info=True)

    # Preparing --------------------------------------------------------------------------

    def _route(self, task: Task) -> tuple[Channel, Provider]:
        channel = self._catalogue.channel(task.channel_id)
        if channel is None:
            raise Refused("the channel of this task is gone")
        provider = self._catalogue.providers.get(channel.provider)
        if provider is None:
            raise Refused(f"no provider {channel.provider} is installed")
        return channel, provider

    async def _job(self, begun: Begun, channel: Channel, provider: Provider) -> Job:
        reference = begun.attempt.id if begun.attempt else str(begun.task.id)
        material = await self._gatherer.gather(begun.task, provider.manifest)
        return Job(begun.task, channel, reference, material)


def _without_pictures(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if not isinstance(value, bytes)}
