"""The courier: sends callbacks from the outbox, signed, in order, with back-off.

A callback is leased, sent, and settled. A crash in between sends it again with the same id,
so receivers can drop repeats by `webhook-id`. Every call has a total time, and each host and
each account only so many calls at once: a receiver that hangs holds up itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gesso.domain.task import Task
from gesso.kit import clock
from gesso.kit.backoff import delay_s
from gesso.services.deliver import Posted, Sender
from gesso.storage import deliveries, outbox
from gesso.storage.database import Database
from gesso.storage.outbox import Callback, Quota

log = structlog.get_logger()

#: Most callbacks under way at once, to one host, and of one account.
LANES, PER_HOST, PER_ACCOUNT = 64, 4, 16
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a receiver is waited for and how long an unanswered callback is retried."""

    timeout_s: float
    keep_trying: timedelta


class Courier:
    """Sends what waits in the outbox."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        writers: Mapping[str, Callable[[Task], bytes]],
        patience: Patience,
    ) -> None:
        """Take a body writer per dialect: the front hall knows the dialects, we do not."""
        self._database = database
        self._sender = sender
        self._writers = writers
        self._patience = patience
        self._under_way: dict[asyncio.Task[None], Callback] = {}

    async def run(self) -> None:
        """Send callbacks until cancelled."""
        if not self._database.distributed:
            # Whoever leased them died with the process before this one.
            async with self._database.transaction() as connection:
                await outbox.forget_leases(connection, clock.now())
        try:
            while True:
                if not await self._send_due():
                    await asyncio.sleep(_PAUSE_S)
        finally:
            # What is cut off here is leased; it goes again, with the same id, elsewhere or later.
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _send_due(self) -> bool:
        """Begin to send what is due; says whether there was anything."""
        try:
            due = await self._claim()
        except Exception:
            log.exception("outbox_unreadable")
            return False
        for callback in due:
            task = asyncio.create_task(self._deliver(callback))
            self._under_way[task] = callback
            task.add_done_callback(self._under_way.pop)
        return bool(due)

    async def _claim(self) -> list[Callback]:
        quota = self._quota()
        if quota.total <= 0:
            return []
        # Looking first without a lock keeps an idle gateway from taking the write lock.
        if not await self._database.read(lambda c: outbox.any_due(c, clock.now())):
            return []
        async with self._database.transaction() as connection:
            lease_s = self._patience.timeout_s + 5
            return await outbox.claim_due(connection, clock.now(), quota=quota, lease_s=lease_s)

    def _quota(self) -> Quota:
        calls = self._under_way.values()
        return Quota(
            total=LANES - len(calls),
            per_host=PER_HOST,
            per_account=PER_ACCOUNT,
            busy_hosts=Counter(c.host for c in calls),
            busy_accounts=Counter(c.task.account_id for c in calls),
        )

    async def _deliver(self, callback: Callback) -> None:
        try:
            body = self._writers[callback.dialect](callback.task)
            owners = (callback.task.key_id, callback.task.account_id)
            posted = await self._sender.post(
                callback.url, callback.id, body, owners, timeout_s=self._patience.timeout_s
            )
            await self._settle(callback, posted)
        except Exception:
            log.exception("callback_failed", callback=callback.id)

    async def _settle(self, callback: Callback, posted: Posted) -> None:
        """Store what came back, and when to try again."""
        now = clock.now()
        waited = now - (callback.tried_since or now)
        over = posted.hopeless or waited > self._patience.keep_trying
        async with self._database.transaction() as connection:
            await deliveries.add_try(connection, callback.id, posted.as_try)
            if posted.delivered or over:
                state = "sent" if posted.delivered else "dead"
                await outbox.close(
                    connection, callback.id, state=state, answer=posted.answer, now=now
                )
                return
            wait_s = delay_s(callback.attempts, base=1.0, cap=1800.0)
            until = now + timedelta(seconds=wait_s)
            await outbox.postpone(connection, callback.id, until=until, answer=posted.answer)
