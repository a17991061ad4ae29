"""Times are aware, in UTC, and written as whole milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from gesso.kit import clock


def test_now_is_aware() -> None:
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now() <= clock.now()


def test_now_survives_being_stored() -> None:
    now = clock.now()
    assert clock.moment(clock.millis(now) or 0) == now


def test_millis_cut_and_know_zones() -> None:
    moment = datetime(2026, 1, 1, 0, 0, 1, 999_999, UTC)
    assert clock.millis(moment) == 1767225601999
    east = moment.astimezone(timezone(timedelta(hours=8)))
    assert clock.millis(east) == clock.millis(moment)
    assert clock.millis(None) is None
