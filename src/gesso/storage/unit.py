"""The unit of work: what one write transaction read under lock and what it will store.

Services write small operations as plain functions over a unit. Many operations share one
unit and one commit (see `storage.writer`), and every table is then written with one
statement, however many operations took part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.attempt import Attempt
from gesso.domain.call import Call
from gesso.domain.caller import Account
from gesso.domain.channel import Load
from gesso.domain.limits import Meter, counted_of
from gesso.domain.task import Lane, Task, TaskStatus
from gesso.storage import (
    attempts,
    audit,
    blob_uses,
    call_replays,
    calls,
    ledger_entries,
    notices,
    replays,
    snapshots,
    tasks,
)
from gesso.storage.audit import Record
from gesso.storage.call_replays import CallReplay
from gesso.storage.jobs import Jobs
from gesso.storage.kept import Kept
from gesso.storage.ledger_entries import Entry
from gesso.storage.needs import Merged, Needs, merged
from gesso.storage.outbox import Callback
from gesso.storage.outbox import insert_all as insert_callbacks
from gesso.storage.replays import Replay
from gesso.storage.standing import Place, Standing


@dataclass(slots=True)
class Unit:
    """Rows of one transaction. Operations read the dictionaries and call the methods."""

    now: datetime
    _kept: Kept = field(default_factory=Kept)
    tasks: dict[int, Task] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)  #: The newest of each task.
    #: By id: one attempt may be closed and the next one opened in the same unit.
    _attempts: dict[str, Attempt] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    open_of_key: dict[str, int] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)
    replays: dict[tuple[str, str], Replay] = field(default_factory=dict)
    #: Last turn of an account and the turn reached, by channel, lane and account.
    turns: dict[tuple[str, str, str], tuple[int | None, int]] = field(default_factory=dict)
    _before: dict[int, Task] = field(default_factory=dict)  #: Tasks as they were locked.
    calls: dict[str, Call] = field(default_factory=dict)
    call_replays: dict[tuple[str, str], CallReplay] = field(default_factory=dict)
    meters: dict[Meter, int] = field(default_factory=dict)
    open_calls: dict[str, int] = field(default_factory=dict)  #: Of accounts and of their keys.
    #: Keys of changed rows by kind, and whether they are new.
    _changed: dict[str, dict[Any, bool]] = field(default_factory=lambda: defaultdict(dict))
    _entries: list[Entry] = field(default_factory=list)
    _callbacks: dict[int, Callback] = field(default_factory=dict)  #: By their place.
    _records: dict[int, Record] = field(default_factory=dict)  #: By their place.
    _uses: dict[tuple[str, int], datetime] = field(default_factory=dict)
    _waiting: dict[int, bool] = field(default_factory=dict)
    _cancelled: dict[int, bool] = field(default_factory=dict)
    #: What the operation under way has changed: mappings, with keys and what they had before.
    _undo: list[tuple[dict[Any, Any], Sequence[tuple[Any, Any]]]] = field(default_factory=list)

    # What operations call ---------------------------------------------------------------

    def add_task(self, task: Task) -> None:
        """Store a new task."""
        self._set(self._changed["task"], task.id, True)
        self._set(self.tasks, task.id, task)

    def save_task(self, task: Task) -> None:
        """Store a task that was read in this unit and has changed."""
        self._changed["task"].setdefault(task.id, False)
        self._set(self.tasks, task.id, task)

    def add_attempt(self, attempt: Attempt) -> None:
        """Store a new attempt."""
        self._set(self._changed["attempt"], attempt.id, True)
        self._set_attempt(attempt)

    def save_attempt(self, attempt: Attempt) -> None:
        """Store what became known of an attempt."""
        self._changed["attempt"].setdefault(attempt.id, False)
        self._set_attempt(attempt)

    def add_call(self, call: Call) -> None:
        """Store a new relayed call."""
        # Undone, the mark stays: `_split` finds no row, and nobody else has its id.
        self._changed["call"][call.id] = True
        self._set(self.calls, call.id, call)

    def save_call(self, call: Call) -> None:
        """Store what became of a call that was read in this unit."""
        self._changed["call"].setdefault(call.id, False)
        self._set(self.calls, call.id, call)

    def save_account(self, account: Account) -> None:
        """Store a balance. Only the ledger calls this, together with `post`."""
        self._set(self.accounts, account.id, account)

    def save_spent(self, key_id: str, nanos: int) -> None:
        """Store what a key has spent. Only the ledger calls this."""
        self._set(self.spent, key_id, nanos)

    def post(self, entry: Entry) -> None:
        """Append a ledger entry. Only the ledger calls this."""
        self._entries.append(entry)

    def call_back(self, callback: Callback) -> None:
        """Store a callback to be sent."""
        self._set(self._callbacks, len(self._callbacks), callback)

    def record(self, record: Record) -> None:
        """Append to the audit log what an operator changed."""
        self._set(self._records, len(self._records), record)

    def use_blob(self, blob: str, task_id: int, until: datetime) -> None:
        """Note that a task needs a stored blob."""
        self._set(self._uses, (blob, task_id), until)

    def enqueue(self, task: Task) -> None:
        """Wake a worker for this task once it is committed."""
        self._set(self._waiting, task.id, True)
        load = self.loads.get(task.channel_id or "")
        if load is not None:
            self._set(self.loads, task.channel_id, Load(load.waiting + 1, load.running))

    def next_turn(self, channel_id: str, lane: Lane, account_id: str) -> int:
        """Take the turn after the account's last one, or the one that the lane has reached.

        So one account's thousand tasks stand behind each other, and another's first one
        stands beside the first of them.
        """
        name = (channel_id, lane.value, account_id)
        last, reached = self.turns.get(name, (None, 0))
        turn = reached if last is None else max(last + 1, reached)
        self._set(self.turns, name, (turn, reached))
        return turn

    def cancel_job(self, task: Task) -> None:
        """Take this task's job out of the queue, or stop it, once it is committed."""
        self._set(self._cancelled, task.id, True)

    def remember(self, replay: Replay) -> None:
        """Remember which task an Idempotency-Key led to."""
        pair = (replay.key_id, replay.key)
        self._set(self._changed["replay"], pair, True)
        self._set(self.replays, pair, replay)

    def remember_call(self, replay: CallReplay) -> None:
        """Remember which call an Idempotency-Key led to, or what it answered."""
        self._set(self._changed["call_replay"], replay.pair, True)
        self._set(self.call_replays, replay.pair, replay)

    def count(self, meter: Meter, amount: int) -> None:
        """Count in a window of time."""
        self.recount([(meter, self.meters[meter])], [(meter, self.meters[meter] + amount)])

    def recount(
        self, before: Sequence[tuple[Meter, int]], after: Sequence[tuple[Meter, int]]
    ) -> None:
        """Set what windows of time count, from what they counted before; all in one step."""
        self._undo.append((self.meters, before))
        self.meters.update(after)

    def count_call(self, call: Call, amount: int) -> None:
        """Count one more or one less open call of its key and account."""
        counted, account_id = self.open_calls, call.account_id
        if account_id in counted:
            key_id = call.key_id
            of_key, of_account = counted.get(key_id, 0), counted[account_id]
            self._undo.append((counted, ((key_id, of_key), (account_id, of_account))))
            counted[key_id] = of_key + amount
            counted[account_id] = of_account + amount

    def count_open(self, key_id: str) -> None:
        """Count one more open task of a key."""
        if key_id in self.open_of_key:
            self._set(self.open_of_key, key_id, self.open_of_key[key_id] + 1)

    # What the writer calls --------------------------------------------------------------

    def mark(self) -> int:
        """Begin an operation: what follows can be undone by `undo`."""
        self._undo.clear()
        return len(self._entries)

    def undo(self, mark: int) -> None:
        """Forget what an operation did before it failed."""
        for mapping, before in reversed(self._undo):
            for key, old in before:
                if old is _MISSING:
                    mapping.pop(key, None)
                else:
                    mapping[key] = old
        self._undo.clear()
        del self._entries[mark:]

    async def load(
        self, connection: AsyncConnection, needs: Iterable[Needs], standing: Standing
    ) -> None:
        """Read and lock what the operations need, in one order for all writers.

        Most operations need little of all that there is, so what nobody needs costs nothing.
        """
        kept = self._kept
        kept.begin(connection)
        self.open_calls = kept.open_calls
        need = merged(needs)
        if "tasks" in need or "replays" in need:
            await self._load_tasks(connection, need)
        if "calls" in need:
            self.calls = await calls.lock(connection, need["calls"])
        if "own_calls" in need:
            self.calls |= await kept.lock_open(connection, need["own_calls"])
        if "accounts" in need:
            self.accounts = await kept.lock_accounts(connection, need["accounts"])
            await self._load_calls(connection, need)
        if "spending_keys" in need:
            self.spent = await kept.lock_spent(connection, need["spending_keys"])
        if "busy_keys" in need or "channels" in need:
            await self._load_queues(connection, need, standing)

    async def _load_queues(
        self, connection: AsyncConnection, need: Merged, standing: Standing
    ) -> None:
        for key_id, most in set(need.get("busy_keys", ())):
            self.open_of_key[key_id] = await tasks.count_open_of_key(connection, key_id, most=most)
        for channel_id, most in set(need.get("channels", ())):
            self.loads[channel_id] = await standing.load(connection, channel_id, most)
        for lane, account_id in set(need.get("turns", ())):
            for channel_id, load in self.loads.items():
                if load.waiting:  # An empty queue begins with turn 0 again.
                    self.turns[channel_id, lane, account_id] = await standing.turn(
                        connection, channel_id, lane, account_id
                    )

    async def _load_tasks(self, connection: AsyncConnection, need: Merged) -> None:
        self.replays = await replays.find(connection, need.get("replays", ()))
        ids = {*need.get("tasks", ()), *(r.task_id for r in self.replays.values())}
        self.tasks = await tasks.lock(connection, ids)
        self._before = dict(self.tasks)
        self.attempts = await attempts.find_last(
            connection, (t.id for t in self.tasks.values() if t.status in _WITH_ATTEMPTS)
        )

    async def _load_calls(self, connection: AsyncConnection, need: Merged) -> None:
        """Read what limits and repeats calls, behind the lock of their accounts."""
        if "call_replays" in need:
            self.call_replays = await call_replays.find(connection, need["call_replays"])
            before = {one.call_id for one in self.call_replays.values()} - self.calls.keys()
            # Not locked: who changes one of them needs the account's lock, which is held here.
            self.calls |= await calls.find(connection, before)
        # What counted a task is known once its row is; who settles it has locked its account.
        asked = need.get("meters", ())
        if self.tasks:
            counted = (
                counted_of(task.order)
                for task in self.tasks.values()
                if task.account_id in self.accounts and not task.is_final
            )
            asked = [*asked, *chain.from_iterable(counted)]
        if asked:
            self.meters = await self._kept.find_meters(connection, asked)
        if "open_calls" in need:
            await self._kept.count_open(connection, need["open_calls"])

    async def flush(self, connection: AsyncConnection, jobs: Jobs) -> None:
        """Write everything, each table with one statement."""
        if self._waiting:
            await self._enqueue(connection, jobs)
        changed = self._changed
        if "task" in changed:
            new, old = self._split("task", self.tasks)
            await tasks.insert_all(connection, new)
            await tasks.update_all(connection, old)
            await snapshots.insert_all(connection, self._replaced(old), self.now)
        if "attempt" in changed:
            new, old = self._split("attempt", self._attempts)
            await attempts.insert_all(connection, new)
            await attempts.update_all(connection, old)
        if "call" in changed:
            await self._kept.save_calls(connection, *self._split("call", self.calls))
        await ledger_entries.append(connection, self._entries)
        await self._kept.save(connection, self.accounts, self.spent, self.meters)
        if "call_replay" in changed:
            replayed = self._split("call_replay", self.call_replays)[0]
            await call_replays.store(connection, replayed, self.now)
        if "replay" in changed:
            await replays.insert_all(connection, self._split("replay", self.replays)[0], self.now)
        await self._flush_beside(connection)

    async def _flush_beside(self, connection: AsyncConnection) -> None:
        """Write what goes along with rows that others read."""
        if self._callbacks:
            await insert_callbacks(connection, list(self._callbacks.values()), self.now)
        if self._records:
            await audit.append(connection, list(self._records.values()), self.now)
        if self._uses:
            await blob_uses.insert_all(connection, [(b, t, u) for (b, t), u in self._uses.items()])
        if connection.dialect.name == "postgresql":
            await notices.announce(connection, self.changed())

    def moved(self) -> list[tuple[Place | None, Place]]:
        """Return where each changed task stood before, if it was there, and where it stands."""
        before, now = self._before, self.tasks
        return [
            (_place(before[name]) if name in before else None, _place(now[name]))
            for name in self._stored()
        ]

    def changed(self) -> list[int]:
        """Return the ids of the tasks that this unit brings to a new version."""
        return [task_id for task_id in self._stored() if self._is_news(self.tasks[task_id])]

    async def committed(self, jobs: Jobs) -> None:
        """Wake workers and stop cancelled jobs, after the commit."""
        if waiting := [self.tasks[i] for i in self._waiting]:
            await jobs.committed(waiting)
        if cancelled := [self.tasks[i] for i in self._cancelled]:
            await jobs.cancel(cancelled)

    async def _enqueue(self, connection: AsyncConnection, jobs: Jobs) -> None:
        waiting = [self.tasks[i] for i in self._waiting]
        for task, job_id in zip(waiting, await jobs.enqueue(connection, waiting), strict=False):
            self.save_task(replace(task, queue_job_id=job_id))

    def _replaced(self, changed: Iterable[Task]) -> list[tuple[Task, Task]]:
        """Return watched tasks as they stood and as they stand, where streams tell of it."""
        pairs = ((self._before.get(task.id), task) for task in changed if task.watched)
        return [(old, new) for old, new in pairs if old and self._is_news(new)]

    def _is_news(self, task: Task) -> bool:
        before = self._before.get(task.id)
        return before is None or before.version != task.version

    def _stored(self) -> list[int]:
        return list(self._changed.get("task", ()))

    def _split(self, kind: str, rows: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
        new: list[Any] = []
        old: list[Any] = []
        for key, is_new in self._changed[kind].items():
            # An undone operation leaves its mark; where it also took the row away, nothing is left.
            if key in rows:
                (new if is_new else old).append(rows[key])
        return new, old

    def _set_attempt(self, attempt: Attempt) -> None:
        self._set(self._attempts, attempt.id, attempt)
        self._set(self.attempts, attempt.task_id, attempt)

    def _set(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((mapping, ((key, mapping.get(key, _MISSING)),)))
        mapping[key] = value


def _place(task: Task) -> Place:
    return task.channel_id or "", task.status


_MISSING = object()
_WITH_ATTEMPTS = frozenset(TaskStatus) - {TaskStatus.NEEDS_INPUT}
