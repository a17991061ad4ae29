"""The clock: the only place that reads the time, so that tests can set it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


def millis(moment: datetime | None) -> int | None:
    """Return epoch milliseconds, or None for a time that is not known yet."""
    return None if moment is None else int(moment.timestamp() * 1000)


def moment(epoch_ms: int) -> datetime:
    """Return the time that `millis` wrote."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
