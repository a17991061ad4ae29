"""Rows of `outbox`: callbacks waiting to be sent, each with the task as it was then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import Task
from gesso.kit.clock import millis
from gesso.storage.schema import outbox
from gesso.storage.tasks import read_stored, write_row

#: How the ids of events begin that tell a webhook of an end.
_END = "end_"


@dataclass(frozen=True, slots=True)
class Callback:
    """One event to tell a receiver. Its id names task and version, so it never changes."""

    id: str
    url: str
    task: Task
    final: bool
    attempts: int = 0
    created_at: datetime | None = None
    host: str = ""
    tries_since: datetime | None = None  #: Since when it is tried again by hand.

    @property
    def dialect(self) -> str:
        """In whose shape it is told: a notifyHook hears Midjourney's, a webhook APIMart's."""
        return "apimart" if self.id.startswith(_END) else "midjourney"

    @property
    def tried_since(self) -> datetime | None:
        """When its present tries began; they end some hours after."""
        return self.tries_since or self.created_at


@dataclass(frozen=True, slots=True)
class Quota:
    """How much one sender takes at once, so that no receiver holds up the others."""

    total: int
    per_host: int
    per_account: int
    busy_hosts: Mapping[str, int] = field(default_factory=dict)  #: Calls under way.
    busy_accounts: Mapping[str, int] = field(default_factory=dict)


def callback_id(task: Task) -> str:
    """Name the event of a task's present version; the same after any restart."""
    return f"evt_{task.id}_{task.version}"


def end_id(task: Task) -> str:
    """Name the event of a task's end, as its webhook hears it."""
    return f"{_END}{task.id}_{task.version}"


async def insert_all(
    connection: AsyncConnection, callbacks: Sequence[Callback], now: datetime
) -> None:
    """Store callbacks in the transaction of the change that they tell of."""
    if callbacks:
        rows = [
            {
                "id": c.id,
                "task_id": c.task.id,
                "version": c.task.version,
                "final": c.final,
                "url": c.url,
                "host": host_of(c.url),
                "account_id": c.task.account_id,
                "key_id": c.task.key_id,
                "snapshot": msgspec.json.encode(write_row(c.task)).decode(),
                "state": "waiting",
                "due_at": millis(now),
                "created_at": millis(now),
            }
            for c in callbacks
        ]
        await connection.execute(insert(outbox), rows)


async def any_due(connection: AsyncConnection, now: datetime) -> bool:
    """Say whether any callback is due, without taking a lock."""
    statement = (
        select(outbox.c.id)
        .where(outbox.c.state == "waiting", outbox.c.due_at <= millis(now))
        .limit(1)
    )
    return (await connection.execute(statement)).first() is not None


async def forget_leases(connection: AsyncConnection, now: datetime) -> None:
    """Make leased callbacks due: for a process that surely is the only sender."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.state == "waiting", outbox.c.leased)
        .values(due_at=millis(now), leased=False)
    )


async def claim_due(
    connection: AsyncConnection, now: datetime, *, quota: Quota, lease_s: float
) -> list[Callback]:
    """Take callbacks that are due, within the quota, and lease them.

    A later event of a task waits until the earlier ones for the same URL are through, so a
    receiver never sees an older state after a newer one. An earlier one that has failed
    already is dropped for it: the newer state says more. The lease hides a callback from
    other senders until it is settled or the sender has died.
    """
    candidates = _within(quota, (await connection.execute(_due(now, quota))).mappings().all())
    if not candidates:
        return []
    ids = [row["id"] for row in candidates]
    await connection.execute(_supersede(now).where(_later_among(ids)))
    # Read again after the locks: another sender may have leased an earlier one meanwhile.
    still = select(outbox.c.id).where(outbox.c.id.in_(ids), outbox.c.state == "waiting")
    free = set((await connection.execute(still.where(~_earlier(true())))).scalars())
    await connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(free))
        .values(due_at=millis(now + timedelta(seconds=lease_s)), leased=True)
    )
    return [_read(row) for row in candidates if row["id"] in free]


def _due(now: datetime, quota: Quota) -> Select[Any]:
    """Select what is due and not held up, the oldest of each host and account first."""
    full = [host for host, calls in quota.busy_hosts.items() if calls >= quota.per_host]
    ready = (
        select(
            outbox.c.id,
            _rank_by(outbox.c.host).label("of_host"),
            _rank_by(outbox.c.account_id).label("of_account"),
        )
        .where(
            outbox.c.state == "waiting",
            outbox.c.due_at <= millis(now),
            outbox.c.host.not_in(full),
            ~_earlier(or_(_other.c.leased, _other.c.attempts == 0)),
        )
        .subquery()
    )
    few = select(ready.c.id).where(
        ready.c.of_host <= quota.per_host, ready.c.of_account <= quota.per_account
    )
    return (
        select(outbox)
        .where(outbox.c.id.in_(few), outbox.c.state == "waiting", outbox.c.due_at <= millis(now))
        .order_by(outbox.c.due_at)
        .limit(quota.total)
        .with_for_update(skip_locked=True)
    )


def _rank_by(column: ColumnElement[Any]) -> ColumnElement[int]:
    return func.row_number().over(partition_by=column, order_by=outbox.c.due_at)


_other = outbox.alias("other")


def _earlier(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say that an earlier event of the task still waits to go to the same URL."""
    return exists().where(
        and_(
            _other.c.task_id == outbox.c.task_id,
            _other.c.url == outbox.c.url,
            _other.c.version < outbox.c.version,
            _other.c.state == "waiting",
            which,
        )
    )


def _later_among(ids: Sequence[str]) -> ColumnElement[bool]:
    return exists().where(
        and_(
            _other.c.id.in_(ids),
            _other.c.task_id == outbox.c.task_id,
            _other.c.url == outbox.c.url,
            _other.c.version > outbox.c.version,
        )
    )


def _supersede(now: datetime) -> Update:
    failed = and_(outbox.c.state == "waiting", ~outbox.c.leased, outbox.c.attempts > 0)
    return update(outbox).where(failed).values(state="superseded", closed_at=millis(now))


def _within(quota: Quota, rows: Sequence[Any]) -> list[Any]:
    """Keep what fits beside the calls that are under way."""
    hosts, accounts = Counter(quota.busy_hosts), Counter(quota.busy_accounts)
    kept = []
    for row in rows:
        host, account = row["host"], row["account_id"]
        if hosts[host] < quota.per_host and accounts[account] < quota.per_account:
            hosts[host] += 1
            accounts[account] += 1
            kept.append(row)
    return kept


async def close(
    connection: AsyncConnection, callback_id: str, *, state: str, answer: str, now: datetime
) -> None:
    """Mark a callback as sent or dead."""
    settled = {"state": state, "answer": answer, "closed_at": millis(now), "leased": False}
    await connection.execute(
        update(outbox)
        .where(outbox.c.id == callback_id)
        .values(attempts=outbox.c.attempts + 1, **settled)
    )


async def postpone(
    connection: AsyncConnection, callback_id: str, *, until: datetime, answer: str
) -> None:
    """Set the time of the next try."""
    waiting = {"due_at": millis(until), "answer": answer, "leased": False}
    await connection.execute(
        update(outbox)
        .where(outbox.c.id == callback_id)
        .values(attempts=outbox.c.attempts + 1, **waiting)
    )


async def count_waiting(connection: AsyncConnection) -> int:
    """Count callbacks that are not settled."""
    statement = select(func.count()).where(outbox.c.state == "waiting")
    return int((await connection.execute(statement)).scalar_one())


def _read(row: Any) -> Callback:
    return Callback(
        id=row["id"],
        url=row["url"],
        task=read_stored(msgspec.json.decode(row["snapshot"])),
        final=bool(row["final"]),
        attempts=row["attempts"],
        created_at=_moment(row["created_at"]),
        host=row["host"],
        tries_since=_moment(row["tries_since"]),
    )


def host_of(url: str) -> str:
    """Return the host of a URL, as far as calls to it are counted; empty when unreadable."""
    try:
        return (urlsplit(url).hostname or "")[:255].replace("\x00", "")
    except ValueError:
        return ""


def _moment(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)
