"""The engine: PgQueuer takes jobs from the queue and hands their tasks to `services.step`.

One entrypoint per channel with the channel's `core_size` as its concurrency limit, which
PgQueuer keeps exactly across processes. New channels and changed sizes are taken up while
running. The same code runs on PostgreSQL and on the in-memory queue.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from pgqueuer import PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import EntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Context, Job

from gesso.domain.channel import Channel
from gesso.kit.backoff import delay_s
from gesso.services.catalogue import Catalogue
from gesso.services.pause import Gate
from gesso.services.step import Stepper

log = structlog.get_logger()

_REGISTER_S = 1.0
#: How often a task asks whether its paused channel was resumed.
_PAUSED = timedelta(seconds=2)


class Engine:
    """Runs tasks until it is stopped."""

    def __init__(
        self,
        pgq: PgQueuer,
        stepper: Stepper,
        catalogue: Catalogue,
        *,
        gate: Gate,
        heartbeat_s: float,
        most_tasks: int,
    ) -> None:
        """Hold the queue and who carries tasks on."""
        self._pgq = pgq
        self._stepper = stepper
        self._catalogue = catalogue
        self._gate = gate
        self._heartbeat = timedelta(seconds=heartbeat_s)
        self._most_tasks = most_tasks
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Take jobs until `stop`; running tasks are then handed back to the queue."""
        self._register()
        registering = asyncio.create_task(self._keep_registering())
        batch = max(1, min(50, self._most_tasks // 2))
        try:
            await self._pgq.qm.run(
                dequeue_timeout=timedelta(seconds=2),
                batch_size=batch,
                max_concurrent_tasks=max(2 * batch, self._most_tasks),
                heartbeat_timeout=self._heartbeat,
            )
        finally:
            registering.cancel()

    def stop(self) -> None:
        """Ask the engine to end; jobs under way go back to the queue at once."""
        self._stopping.set()
        self._pgq.qm.shutdown.set()

    async def _keep_registering(self) -> None:
        while True:
            await asyncio.sleep(_REGISTER_S)
            self._register()

    def _register(self) -> None:
        for channel in self._catalogue.channels:
            known = self._pgq.qm.entrypoint_registry.get(channel.id)  # type: ignore[call-overload]
            if known is None:
                self._pgq.qm.register_executor(channel.id, self._executor(channel))
            elif known.parameters.concurrency_limit != channel.core_size:
                known.parameters.concurrency_limit = channel.core_size

    def _executor(self, channel: Channel) -> EntrypointExecutor:
        return EntrypointExecutor(
            EntrypointExecutorParameters(
                func=self._handle,
                concurrency_limit=channel.core_size,
                accepts_context=True,
                on_failure="delete",
            )
        )

    async def _handle(self, job: Job, context: Context) -> None:
        task_id = int(job.payload or b"0")
        if await self._gate.holds(job.entrypoint, task_id):
            raise RetryRequested(_PAUSED, "the channel is paused")
        with context.cancellation:
            carrying = asyncio.create_task(self._stepper.run(task_id, job.entrypoint))
            stopping = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait({carrying, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopping.cancel()
                if not carrying.done():
                    carrying.cancel()
                    await asyncio.wait({carrying})
            self._conclude(job, task_id, carrying)

    def _conclude(self, job: Job, task_id: int, carried: asyncio.Task[object]) -> None:
        """Delete the job by returning, or put it back by raising RetryRequested."""
        if carried.cancelled():
            raise RetryRequested(timedelta(0), "the worker stops")
        error = carried.exception()
        if error is not None:
            # A fault of ours or of the database: the task stays where it is and is tried
            # again; its state says what was done already.
            log.error("step_failed", task_id=task_id, attempts=job.attempts, exc_info=error)
            wait_s = delay_s(job.attempts, base=1.0, cap=60.0)
            raise RetryRequested(timedelta(seconds=wait_s), repr(error))
        again = carried.result()
        if again is not None:
            raise RetryRequested(again.delay, "the upstream is not available")  # type: ignore[attr-defined]
