"""Housekeeping that any process may do at any time: wake lost tasks, drop old bytes."""

from __future__ import annotations

from datetime import timedelta

import structlog

from gesso.domain.task import HELD
from gesso.kit import clock
from gesso.services import relay_again
from gesso.services.settle import Cancel, too_late
from gesso.storage import blob_uses, call_replays, deliveries, meters, replays, snapshots, tasks
from gesso.storage.blobs import Blobs
from gesso.storage.database import Database
from gesso.storage.jobs import Jobs
from gesso.storage.writer import Writer

log = structlog.get_logger()

#: How long a dialog waits for its answer (wire/decisions 9).
DIALOG = timedelta(minutes=30)
#: How long an Idempotency-Key is remembered.
REPLAY = timedelta(hours=24)
#: How old bytes that no task took must be before they go.
ORPHAN = timedelta(days=1)
#: Tasks that are woken at once: the requests of callers come in between.
_PART = 500
#: Snapshots that are dropped at once.
_SNAPSHOTS = 2000


async def wake_tasks(database: Database, jobs: Jobs) -> int:
    """Enqueue every open task again; those that have a job already are not touched.

    This is how an embedded queue is filled at start, and how a task whose job got lost
    between two machines is found on PostgreSQL.
    """
    async with database.reading() as connection:
        ids = await tasks.find_open_ids(connection)
    woken = 0
    for start in range(0, len(ids), _PART):
        async with database.transaction() as connection:
            found = await tasks.find_all(connection, ids[start : start + _PART])
            # Meanwhile some have come to their end.
            part = [found[i] for i in ids[start : start + _PART] if found[i].status in HELD]
            await jobs.enqueue(connection, part)
        await jobs.committed(part)
        woken += len(part)
    return woken


async def lapse_dialogs(database: Database, writer: Writer) -> int:
    """Cancel dialogs that nobody answered in time."""
    async with database.reading() as connection:
        lapsed = await tasks.find_unanswered(connection, clock.now() - DIALOG)
    for task in lapsed:
        await writer.write(Cancel(task, "the dialog was not answered within 30 minutes"))
    return len(lapsed)


async def lapse_deadlines(database: Database, writer: Writer) -> int:
    """Give up tasks that were not started by the time that their callers set."""
    async with database.reading() as connection:
        late = await tasks.find_late(connection, clock.now())
    for task in late:
        await writer.write(too_late(task))
    return len(late)


async def drop_expired(database: Database, blobs: Blobs) -> int:
    """Remove pictures whose time is over and that no other task needs."""
    now = clock.now()
    async with database.transaction() as connection:
        await replays.forget_before(connection, now - REPLAY)
        await call_replays.forget_before(connection, now - relay_again.KNOW, now - relay_again.KEEP)
        await meters.forget_before(connection, now - timedelta(hours=1))
        expired = await blob_uses.take_expired(connection, now, limit=500)
    # A picture that was stored again since then may belong to a task that is being accepted.
    dropped = [await blobs.delete_older(blob, now) for blob in expired]
    return sum(dropped)


async def drop_deliveries(database: Database, keep: timedelta) -> int:
    """Forget callbacks that were settled long ago, with the log of their tries."""
    async with database.transaction() as connection:
        return await deliveries.drop_closed(connection, clock.now() - keep, limit=5000)


async def drop_snapshots(database: Database, keep: timedelta) -> int:
    """Forget how watched tasks stood long ago, in parts: other writers come in between."""
    moment, dropped, part = clock.now() - keep, 0, _SNAPSHOTS
    while part >= _SNAPSHOTS:
        async with database.transaction() as connection:
            part = await snapshots.drop_before(connection, moment, limit=_SNAPSHOTS)
        dropped += part
    return dropped


async def drop_orphans(database: Database, blobs: Blobs) -> int:
    """Remove bytes that no task ever took: inputs of refused submits, old previews."""
    dropped = 0
    limit = clock.now() - ORPHAN
    async for blob in blobs.list_older_than(limit):
        async with database.reading() as connection:
            used = await blob_uses.is_used(connection, blob)
        # Stored again between the listing and now, it has a new owner on the way.
        if not used and await blobs.delete_older(blob, limit):
            dropped += 1
    return dropped
