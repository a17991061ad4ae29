"""The circuit breaker of channels: failures in a row let a channel rest, a trial wakes it.

Each worker counts what it sees; that a channel rests, until when and why is stored, so that
every process routes around it and an operator can read the reason. Half-open: when the rest
is over one task goes first, and its outcome decides. Orders that were on their way when the
rest began decide nothing: neither their failures nor their successes are newer than it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, Unavailable
from gesso.kit import clock
from gesso.services.catalogue import Catalogue
from gesso.storage import channels
from gesso.storage.database import Database

log = structlog.get_logger()
#: How long a trial may take to say anything: its task may be cancelled before it starts.
_TRIAL = timedelta(seconds=60)


@dataclass(slots=True)
class _Record:
    """What this process saw of one channel lately."""

    failures: int = 0  #: In a row.
    rests: int = 0  #: In a row, each twice as long as the one before.
    trial: int | None = None  #: The task that goes first after a rest.
    trial_ends: datetime | None = None  #: A trial that tells nothing by then is forgotten.
    storing: bool = False  #: A rest has begun that the catalogue does not know of yet.


@dataclass(frozen=True, slots=True)
class Patience:
    """How much a channel may fail."""

    failures: int = 5  #: In a row, until it rests.
    rest_s: float = 15.0  #: The first rest, in seconds.
    longest_s: float = 600.0


@dataclass(slots=True)
class Breaker:
    """Lets channels rest and wakes them."""

    database: Database
    catalogue: Catalogue
    patience: Patience = field(default_factory=Patience)
    _records: dict[str, _Record] = field(default_factory=dict)

    def may_start(self, channel: Channel, task_id: int) -> bool:
        """Say whether a task may be started on a channel now; a trial is given to one task."""
        if channel.is_broken(clock.now()):
            return False
        if channel.broken_until is None:
            return True
        record, now = self._record(channel), clock.now()
        if record.trial in (None, task_id) or (record.trial_ends and now > record.trial_ends):
            record.trial, record.trial_ends = task_id, now + _TRIAL
            return True
        return False

    def rests(self, channel: Channel) -> bool:
        """Say whether a channel rests, by what is known now."""
        known = self.catalogue.channel(channel.id)
        return known is not None and known.broken_until is not None

    async def worked(self, channel: Channel, task_id: int) -> None:
        """Hear that the upstream answered a task; the trial's answer ends the rest."""
        record = self._record(channel)
        rested = self._resting(record, channel)
        if rested and record.trial != task_id:
            return
        record.failures, record.rests, record.trial = 0, 0, None
        if rested:
            await self._store(channel, None, "")

    async def failed(self, channel: Channel, task_id: int, error: Unavailable) -> None:
        """Hear that the upstream did not start a task; too many in a row mean a rest."""
        record = self._record(channel)
        was_trial = record.trial == task_id
        if self._resting(record, channel) and not was_trial:
            return
        record.trial = None
        if error.busy:
            return
        record.failures += 1
        if not (was_trial or isinstance(error, Locked)) and (
            record.failures < self.patience.failures
        ):
            return
        rest_s = min(self.patience.longest_s, self.patience.rest_s * 2.0**record.rests)
        record.failures, record.rests = 0, min(record.rests + 1, 20)
        record.storing = True
        try:
            await self._store(channel, rest_s, error.message)
        finally:
            record.storing = False

    def _resting(self, record: _Record, channel: Channel) -> bool:
        return record.storing or self.rests(channel)

    def _record(self, channel: Channel) -> _Record:
        return self._records.setdefault(channel.id, _Record())

    async def _store(self, channel: Channel, rest_s: float | None, reason: str) -> None:
        until = None if rest_s is None else clock.now() + timedelta(seconds=rest_s)
        async with self.database.transaction() as connection:
            await channels.set_health(connection, channel.id, until, reason[:500])
        await self.catalogue.refresh()
        log.warning(
            "channel_rests" if until else "channel_recovered",
            channel=channel.id, reason=reason, rest_s=rest_s,
        )  # fmt: skip
