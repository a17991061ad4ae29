"""Watch tasks: everybody who has a stream open hears of each change once.

A change is read and written out once per wire, however many watch it. Events are snapshots
numbered by the task's version, never an older after a newer. Who is slow gets the newest one
it has not seen; who comes back gets all that it missed (`services.catch_up`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import structlog

from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.services.quote import Quoter
from gesso.storage import notices, tasks
from gesso.storage.database import Database
from gesso.storage.reader import Reader

log = structlog.get_logger()
#: Proxies close streams that are silent for long.
HEARTBEAT_S = 15.0
#: How often the place in the queue is looked up for those who wait.
_PLACE_S = 1.0
#: Of a queue so many are counted; who stands further behind is told nothing yet.
_QUEUE = 10_000
_BEAT = b": beat\n\n"

Shape = Callable[[Task], bytes]


class Watcher:
    """One open stream; what was not fetched yet is replaced by what is newer."""

    __slots__ = ("_ended", "_pending", "_wake", "shape", "task_id", "version")

    def __init__(self, task_id: int, shape: str, version: int) -> None:
        """Watch from after a version on."""
        self.task_id = task_id
        self.shape = shape
        self.version = version
        self._pending: dict[str, bytes] = {}
        self._wake = asyncio.Event()
        self._ended = False

    def show(self, task: Task, event: bytes) -> None:
        """Take a snapshot unless it or a newer one was shown already."""
        if task.version > self.version:
            self.version = task.version
            self.tell("task", event)
        self._ended = self._ended or task.is_final
        if task.is_final:
            self._wake.set()

    def tell(self, kind: str, event: bytes) -> None:
        """Take something else to say, such as the place in the queue."""
        self._pending[kind] = event
        self._wake.set()

    def close(self) -> None:
        """Hear that nobody listens any more."""
        self._ended = True
        self._pending.clear()
        self._wake.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield what there is to say, until the task has ended."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            parts, self._pending = self._pending, {}
            if parts:
                yield b"".join(parts.values())
            if self._ended and not self._pending:
                return


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting task stands."""

    position: int  #: 1 is the next one to start.
    eta_s: float | None  #: Seconds until its end, learnt from finished ones; None if unknown.


@dataclass(slots=True)
class Waiting:
    """A watched task that waits: where, and the place that its watchers were told last."""

    channel_id: str
    action: Action
    lane: Lane
    told: int | None = None


class Watch:
    """Knows who watches what."""

    def __init__(
        self, database: Database, reader: Reader, quoter: Quoter, shapes: Mapping[str, Shape]
    ) -> None:
        """Hold who reads tasks and who writes them out, by wire."""
        self._anybody = asyncio.Event()
        self._database = database
        self._reader = reader
        self._quoter = quoter
        self._shapes = shapes
        self._watchers: dict[int, set[Watcher]] = {}
        self._waiting: dict[int, Waiting] = {}
        self._changed: set[int] = set()
        self._wake = asyncio.Event()

    def heard(self, ids: Iterable[int]) -> None:
        """Hear that tasks have changed, after the commit."""
        news = [i for i in ids if i in self._watchers]
        if news:
            self._changed.update(news)
            self._wake.set()

    def missed(self) -> None:
        """Hear that news may have been lost: look at everything that is watched."""
        self.heard(list(self._watchers))

    @contextmanager
    def watching(self, task: Task, shape: str, after: int | None) -> Iterator[Watcher]:
        """Watch a task while the block lasts, from after a version on or from now."""
        self._anybody.set()
        watcher = Watcher(task.id, shape, -1 if after is None else after)
        self._watchers.setdefault(task.id, set()).add(watcher)
        try:
            self._show(task, [watcher])
            # It may have changed between being read and being watched.
            self.heard([task.id])
            yield watcher
        finally:
            left = self._watchers.get(task.id)
            if left is not None:
                left.discard(watcher)
                if not left:
                    del self._watchers[task.id]
                    self._waiting.pop(task.id, None)

    async def run(self) -> None:
        """Pass on changes, places in the queue and heartbeats until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on())
            group.create_task(self._repeat(HEARTBEAT_S, self._beat))
            group.create_task(self._repeat(_PLACE_S, self._tell_places))
            group.create_task(self._listen())

    async def _listen(self) -> None:
        """Hear of other processes' changes, from the first watcher on."""
        await self._anybody.wait()
        if self._database.distributed:
            await notices.listen(self._database.dsn, self.heard, self.missed)

    async def _pass_on(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            ids, self._changed = self._changed, set()
            try:
                found = await self._reader.find_many(ids)
            except Exception:
                log.exception("watch_failed")
                self._changed |= ids
                await asyncio.sleep(1)
                self._wake.set()
                continue
            for task in found.values():
                self._show(task, list(self._watchers.get(task.id, ())))

    def _show(self, task: Task, watchers: list[Watcher]) -> None:
        self._waiting.pop(task.id, None)
        if task.status is TaskStatus.QUEUED and watchers:
            self._waiting[task.id] = Waiting(task.channel_id or "", task.action, task.lane)
        written: dict[str, bytes] = {}
        for watcher in watchers:
            if watcher.shape not in written:
                written[watcher.shape] = self.event(task, watcher.shape)
            watcher.show(task, written[watcher.shape])

    def event(self, task: Task, shape: str) -> bytes:
        """Return a snapshot as an event in the words of a wire."""
        name = b"end" if task.is_final else b"task"
        data = self._shapes[shape](task)
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (task.version, name, data)

    async def _repeat(self, every_s: float, chore: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await chore()
            except Exception:
                log.exception("watch_failed")

    async def _beat(self) -> None:
        for watchers in list(self._watchers.values()):
            for watcher in watchers:
                watcher.tell("beat", _BEAT)

    async def _tell_places(self) -> None:
        for channel_id in {waiting.channel_id for waiting in self._waiting.values()}:
            async with self._database.reading() as connection:
                order = await tasks.find_queue(connection, channel_id, limit=_QUEUE)
            for position, task_id in enumerate(order, 1):
                waiting = self._waiting.get(task_id)
                if waiting is not None and waiting.told != position:
                    waiting.told = position
                    await self._tell_place(task_id, waiting, position)

    async def _tell_place(self, task_id: int, waiting: Waiting, position: int) -> None:
        eta_s = await self._quoter.eta_s(waiting.channel_id, waiting.action, waiting.lane, position)
        place = msgspec.json.encode(Place(position, eta_s))
        for watcher in self._watchers.get(task_id, ()):
            watcher.tell("queue", b"event: queue\ndata: %s\n\n" % place)
