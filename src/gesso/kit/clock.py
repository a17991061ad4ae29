"""The clock: the only place that reads the time, so that tests can set it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC and in whole milliseconds.

    Not finer than what is stored: what a service returns equals what is read back later.
    """
    # A third of what it takes to cut a finer time: each call asks several times.
    return moment(time.time_ns() // 1_000_000)


def millis(moment: datetime | None) -> int | None:
    """Return epoch milliseconds, or None for a time that is not known yet."""
    return None if moment is None else int(moment.timestamp() * 1000)


def moment(epoch_ms: int) -> datetime:
    """Return the time that `millis` wrote."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
