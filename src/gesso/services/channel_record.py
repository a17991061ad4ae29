"""How a channel did lately: what came of its tasks, and how long they ran, hour by hour."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gesso.domain.errors import NotFound
from gesso.kit import clock
from gesso.kit.clock import moment
from gesso.storage import channels, task_pages
from gesso.storage.database import Database
from gesso.storage.task_pages import Ended

#: Most tasks that are looked at; the newest count.
MOST = 20_000
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Hour:
    """What came of the tasks that were submitted in one hour."""

    at: datetime
    succeeded: int
    failed: int
    cancelled: int
    median_ms: int | None  #: Of the runs of those that succeeded; None without one.
    p95_ms: int | None


class ChannelRecord:
    """Reads what channels did."""

    def __init__(self, database: Database) -> None:
        """Hold the rows."""
        self._database = database

    async def hours(self, channel_id: str, hours: int) -> list[Hour]:
        """Return the last hours of a channel that had a task, oldest first; raises NotFound."""
        since = clock.now() - timedelta(hours=hours)
        async with self._database.reading() as connection:
            if await channels.lock(connection, channel_id) is None:
                raise NotFound(f"no such channel: {channel_id[:60]}")
            ended = await task_pages.find_ended(connection, channel_id, since, limit=MOST)
        return by_hour(ended)


def by_hour(ended: Iterable[Ended]) -> list[Hour]:
    """Return what ended tasks come to, by the hour of their submit, oldest first."""
    groups: dict[int, list[Ended]] = {}
    for one in ended:
        groups.setdefault(one.submitted_at // _HOUR_MS, []).append(one)
    return [_sum(moment(hour * _HOUR_MS), groups[hour]) for hour in sorted(groups)]


def _sum(at: datetime, ended: Sequence[Ended]) -> Hour:
    succeeded = sum(one.succeeded for one in ended)
    cancelled = sum(one.cancelled for one in ended)
    runs = sorted(one.run_ms for one in ended if one.succeeded and one.run_ms is not None)
    return Hour(
        at=at,
        succeeded=succeeded,
        cancelled=cancelled,
        failed=len(ended) - succeeded - cancelled,
        median_ms=int(statistics.median(runs)) if runs else None,
        p95_ms=runs[-(-len(runs) * 95 // 100) - 1] if runs else None,
    )
