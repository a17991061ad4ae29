"""The courier: sends callbacks from the outbox, signed, in order, with back-off.

A callback is leased, sent, and settled. A crash in between sends it again with the same id,
so receivers can drop repeats by `webhook-id`. A slow receiver holds up only its own tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gesso.domain.task import Task
from gesso.kit import clock, signing
from gesso.kit.backoff import delay_s
from gesso.kit.web import Guard, WebRefused, WebUnavailable
from gesso.storage import outbox
from gesso.storage.database import Database
from gesso.storage.outbox import Callback

log = structlog.get_logger()

#: Most callbacks under way at once.
LANES = 32
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
        guard: Guard,
        secret: str,
        writers: Mapping[str, Callable[[Task], bytes]],
        patience: Patience,
    ) -> None:
        """Take a body writer per dialect: the front hall knows the dialects, we do not."""
        self._database = database
        self._guard = guard
        self._secret = secret
        self._writers = writers
        self._patience = patience

    async def run(self) -> None:
        """Send callbacks until cancelled."""
        if not self._database.distributed:
            # Whoever leased them died with the process before this one.
            async with self._database.transaction() as connection:
                await outbox.forget_leases(connection, clock.now())
        under_way: set[asyncio.Task[None]] = set()
        while True:
            free = LANES - len(under_way)
            due: list[Callback] = []
            if free:
                try:
                    due = await self._claim(free)
                except Exception:
                    log.exception("outbox_unreadable")
            for callback in due:
                task = asyncio.create_task(self._deliver(callback))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            if not due:
                await asyncio.sleep(_PAUSE_S)

    async def _claim(self, limit: int) -> list[Callback]:
        # Looking first without a lock keeps an idle gateway from taking the write lock.
        async with self._database.reading() as connection:
            if not await outbox.any_due(connection, clock.now()):
                return []
        async with self._database.transaction() as connection:
            lease_s = self._patience.timeout_s + 5
            return await outbox.claim_due(connection, clock.now(), limit=limit, lease_s=lease_s)

    async def _deliver(self, callback: Callback) -> None:
        try:
            answer, delivered, hopeless = await self._send(callback)
            now = clock.now()
            waited = now - (callback.created_at or now)
            async with self._database.transaction() as connection:
                if delivered or hopeless or waited > self._patience.keep_trying:
                    state = "sent" if delivered else "dead"
                    await outbox.close_all(
                        connection, [callback.id], state=state, answer=answer, now=now
                    )
                else:
                    wait_s = delay_s(callback.attempts, base=1.0, cap=1800.0)
                    until = now + timedelta(seconds=wait_s)
                    await outbox.postpone(connection, callback.id, until=until, answer=answer)
        except Exception:
            log.exception("callback_failed", callback=callback.id)

    async def _send(self, callback: Callback) -> tuple[str, bool, bool]:
        """Post once; returns what came back, whether it arrived and whether it never will."""
        body = self._writers[callback.task.dialect](callback.task)
        moment = int(clock.now().timestamp())
        headers = signing.sign([self._secret], callback.id, moment, body)
        headers["content-type"] = "application/json"
        try:
            answer = await self._guard.post(
                callback.url, body, headers=headers, timeout_s=self._patience.timeout_s
            )
        except WebRefused as refusal:
            return str(refusal)[:200], False, True
        except WebUnavailable as error:
            return str(error)[:200], False, False
        return f"HTTP {answer.status}", 200 <= answer.status < 300, False
