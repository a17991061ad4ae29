"""Callbacks: what was sent, what came back, sending again, and test events."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement

from gesso.domain import ids
from gesso.domain.actor import Actor
from gesso.domain.errors import Conflict, NotFound
from gesso.kit import clock
from gesso.kit.clock import millis
from gesso.services import record
from gesso.services.deliver import Posted, Sender
from gesso.storage import deliveries
from gesso.storage.database import Database
from gesso.storage.deliveries import Delivery, Try
from gesso.storage.paging import Slice
from gesso.storage.schema import outbox

__all__ = ["Delivery", "DeliveryDesk", "DeliveryFilter", "Posted", "Try"]

#: Test events under way at once: each may take the whole time of a callback.
_TESTS = 4


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which callbacks; an empty field leaves out nothing."""

    state: str = ""
    account_id: str = ""
    key_id: str = ""
    host: str = ""
    task_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None  #: Exclusive.


class DeliveryDesk:
    """Serves operators with callbacks."""

    def __init__(self, database: Database, sender: Sender, timeout_s: float) -> None:
        """Hold the rows and who sends test events."""
        self._database = database
        self._sender = sender
        self._timeout_s = timeout_s
        self._testing = asyncio.Semaphore(_TESTS)

    async def page(self, wanted: DeliveryFilter, part: Slice) -> tuple[list[Delivery], str | None]:
        """Return a page of callbacks, newest first."""
        async with self._database.reading() as connection:
            return await deliveries.find_page(connection, _where(wanted), part)

    async def get(self, delivery_id: str) -> tuple[Delivery, list[Try]]:
        """Return a callback and every try of it; raises NotFound."""
        async with self._database.reading() as connection:
            found = _known(await deliveries.find(connection, delivery_id), delivery_id)
            return found, await deliveries.find_tries(connection, delivery_id)

    async def redeliver(self, actor: Actor, delivery_id: str) -> tuple[Delivery, list[Try]]:
        """Send a callback again, with the same event id, and retry it for its whole time.

        Raises Conflict when a newer state of the task was queued for the same URL: a receiver
        must not hear an older one after it.
        """
        async with self._database.transaction() as connection:
            found = _known(await deliveries.find(connection, delivery_id), delivery_id)
            if found.version < await deliveries.newest_version(connection, found):
                raise Conflict("a newer state of this task was queued for the same URL")
            if not await deliveries.retry(connection, delivery_id, clock.now()):
                raise Conflict("this callback is being sent right now")
            await record.keep(
                connection,
                actor,
                "delivery.redeliver",
                delivery_id,
                before={"state": found.state, "attempts": found.attempts},
            )
        return await self.get(delivery_id)

    async def test(self, actor: Actor, url: str, owner_id: str) -> tuple[str, Posted]:
        """Send a test event to a URL now and return its id and what came back.

        It is signed as callbacks of the key or account are, and tried once.
        """
        event_id = ids.new_id("evt_test")
        body = msgspec.json.encode(
            {"type": "gesso.test", "id": event_id, "timestamp": clock.now().isoformat()}
        )
        async with self._database.transaction() as connection:
            after = {"url": url, "event": event_id}
            await record.keep(connection, actor, "delivery.test", owner_id or "*", after=after)
        async with self._testing:
            posted = await self._sender.post(
                url, event_id, body, [owner_id] if owner_id else [], timeout_s=self._timeout_s
            )
        return event_id, posted


def _known(found: Delivery | None, delivery_id: str) -> Delivery:
    if found is None:
        raise NotFound(f"no such delivery: {delivery_id[:60]}")
    return found


def _where(wanted: DeliveryFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for name in ("state", "account_id", "key_id", "host"):
        if value := getattr(wanted, name):
            where.append(outbox.c[name] == value)
    if wanted.task_id is not None:
        where.append(outbox.c.task_id == wanted.task_id)
    if wanted.since is not None:
        where.append(outbox.c.created_at >= millis(wanted.since))
    if wanted.until is not None:
        where.append(outbox.c.created_at < millis(wanted.until))
    return where
