"""Group commit: one writer task per process applies all waiting operations in one commit.

An idle gateway commits at once; a loaded one batches by itself, because operations gather
while the commit before them is on its way. What nobody waits for goes along with the next
commit. An operation that is refused leaves nothing behind and does not disturb its neighbours.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.errors import GessoError
from gesso.kit import clock
from gesso.storage.database import Database
from gesso.storage.jobs import Jobs
from gesso.storage.kept import Kept
from gesso.storage.needs import Needs
from gesso.storage.standing import Standing
from gesso.storage.unit import Unit

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
log = structlog.get_logger()

#: Most operations in one transaction: enough to amortise the commit, short enough to wait for.
BATCH = 256
#: How long an operation that nobody waits for may wait for others that somebody waits for.
_LATER_S = 0.005
#: After so many operations in a commit that did not wait for the disk, the next one waits for more:
#: until so many turns of the loop in a row brought none, and no longer than this.
_CROWD, _QUIET_TURNS, _GATHER_S = 16, 12, 0.015


class Operation(Protocol[T_co]):
    """A small write: says which rows it needs, then decides and changes them in memory."""

    @property
    def needs(self) -> Needs:
        """Rows to read and lock before `apply`."""

    def apply(self, unit: Unit) -> T_co:
        """Change rows of the unit; raise a GessoError to refuse, leaving nothing behind."""


#: An operation, who waits for it, and whether its commit waits for the disk.
_Asked = tuple[Operation[Any], asyncio.Future[Any], bool]


class Writer:
    """The queue of writes of one process."""

    def __init__(
        self, database: Database, jobs: Jobs, now: Callable[[], datetime] = clock.now
    ) -> None:
        """Hold the database and the job queue; `run` must be running to serve writes."""
        self._database = database
        self._jobs = jobs
        self._now = now
        self._waiting: deque[_Asked] = deque()
        self._wake = asyncio.Event()
        #: Asking which loop runs is a system call, and each call of the relay would ask twice.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._later: asyncio.TimerHandle | None = None
        self._standing = Standing()
        self._kept = Kept()
        self._listeners: list[Callable[[Sequence[int]], None]] = []

    def on_commit(self, heard: Callable[[Sequence[int]], None]) -> None:
        """Call `heard` with the ids of changed tasks after every commit of this process."""
        self._listeners.append(heard)

    def write(self, operation: Operation[T], *, lasting: bool = True) -> asyncio.Future[T]:
        """Apply one operation; its result is there once it is committed.

        What is not `lasting` survives the death of every process, but a power cut of the
        database's machine may take it and all that came after it: it need not wait for the disk.
        """
        return self.put(operation, lasting=lasting)

    def put(
        self, operation: Operation[T], *, lasting: bool = True, later: bool = False
    ) -> asyncio.Future[T]:
        """Like `write`, for whoever does not wait: the future has the result or the error.

        With `later` it may stay in the queue for some milliseconds, so that it shares a commit
        with what comes next; everything is applied in the order in which it was put.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((operation, future, lasting))
        if not later:
            self._wake.set()
        elif self._later is None:
            self._later = loop.call_later(_LATER_S, self._wake.set)
        return future

    async def run(self) -> None:
        """Serve writes until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._later is not None:
                self._later.cancel()
                self._later = None
            while self._waiting:
                size = min(len(self._waiting), BATCH)
                batch = [self._waiting.popleft() for _ in range(size)]
                lasting = any([lasting for _, _, lasting in batch])
                await self._serve(batch, lasting)
                if size >= _CROWD and not lasting:
                    await self._gather()

    async def _gather(self) -> None:
        """Let what is under way come to the queue.

        What a commit costs by itself is then shared by most callers of a crowd, which go on
        together: each step is taken by all of them in a row, from warm caches. While there is
        work in the loop it takes no time, and with a timer the loop would stand still at its end.
        """
        end_s = time.monotonic() + _GATHER_S
        quiet, before = 0, len(self._waiting)
        while quiet < _QUIET_TURNS and before < BATCH and time.monotonic() < end_s:
            await asyncio.sleep(0)
            now = len(self._waiting)
            quiet = quiet + 1 if now == before else 0
            before = now

    async def _serve(self, batch: list[_Asked], lasting: bool) -> None:
        try:
            outcomes = await self._commit([operation for operation, _, _ in batch], lasting)
        except Exception as error:
            if len(batch) == 1:
                log.exception("write_failed", operation=type(batch[0][0]).__name__)
                outcomes = [error]
            else:
                # One row of somebody else's made the commit fail: each on its own then.
                for one in batch:
                    await self._serve([one], one[2])
                return
        for (_, future, _), outcome in zip(batch, outcomes, strict=True):
            if future.done():  # The asker is gone; what was written stays written.
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    async def _commit(self, operations: list[Operation[Any]], lasting: bool) -> list[Any]:
        unit = Unit(self._now(), self._kept)

        async def work(connection: AsyncConnection) -> list[Any]:
            await unit.load(connection, (o.needs for o in operations), self._standing)
            outcomes = _apply(operations, unit)
            await unit.flush(connection, self._jobs)
            return outcomes

        try:
            outcomes = await self._database.run(work, lasting=lasting)
        except Exception:
            self._standing.forget()
            self._kept.forget()
            raise
        if unit.tasks:  # Relayed calls are none of this.
            await self._tell(unit)
        return outcomes

    async def _tell(self, unit: Unit) -> None:
        """Tell queues and listeners which tasks a commit has changed."""
        self._standing.committed(unit.moved(), unit.turns)
        try:
            await unit.committed(self._jobs)
        except Exception:
            # The rows are committed, so this must not look like a failed write. The sweeper
            # wakes tasks whose job went missing.
            log.exception("queue_unreachable")
        changed = unit.changed() if self._listeners else []
        for heard in self._listeners if changed else ():
            heard(changed)


def _apply(operations: Sequence[Operation[Any]], unit: Unit) -> list[Any]:
    """Return the results of operations, or the errors for which they were undone."""
    outcomes: list[Any] = []
    for operation in operations:
        mark = unit.mark()
        try:
            outcomes.append(operation.apply(unit))
        except GessoError as refusal:
            unit.undo(mark)
            outcomes.append(refusal)
        except Exception as bug:
            log.exception("operation_failed", operation=type(operation).__name__)
            unit.undo(mark)
            outcomes.append(bug)
    return outcomes
