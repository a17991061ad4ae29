"""Circuit breakers."""

from __future__ import annotations

from datetime import datetime, timedelta

from gesso.kit import clock
from gesso.services.relay_breaker import Breakers, Rest


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_opens_after_failures_in_a_row_and_says_why() -> None:
    time = Time()
    breakers = Breakers(threshold=3, first_s=10, now_s=time)
    breakers.record_failure("a", "x")
    breakers.record_failure("a", "x")
    breakers.record_success("a")
    for _ in range(3):
        assert breakers.allows("a")
        breakers.record_failure("a", "HTTP 500")
    assert not breakers.allows("a")
    assert breakers.allows("b")
    found = breakers.find("a")
    assert (found.reason, found.failures) == ("HTTP 500", 3)
    assert found.open_until is not None


def test_half_open_lets_one_trial_through_and_it_decides() -> None:
    time = Time()
    breakers = Breakers(threshold=1, first_s=10, longest_s=30, now_s=time)
    breakers.record_failure("a", "x")
    time.now += 10
    assert breakers.allows("a")
    breakers.begin("a")
    assert not breakers.allows("a")
    breakers.record_failure("a", "again")
    time.now += 10
    assert not breakers.allows("a")  # twice as long now
    time.now += 10
    breakers.begin("a")
    breakers.record_success("a")
    assert breakers.allows("a")
    assert breakers.find("a").open_until is None


def test_a_trial_that_never_reports_expires_and_openings_have_a_limit() -> None:
    time = Time()
    breakers = Breakers(threshold=1, first_s=10, longest_s=30, now_s=time)
    for _ in range(50):
        breakers.record_failure("a", "x")
    time.now += 30
    breakers.begin("a")
    time.now += 10
    assert breakers.allows("a")


def heard(until: datetime | None, reason: str = "") -> dict[str, Rest]:
    return {"a": Rest(until, reason)}


def soon(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def test_only_what_changes_a_state_is_told() -> None:
    breakers = Breakers(threshold=2, first_s=10)
    breakers.record_failure("a", "x")
    breakers.record_success("a")
    assert not breakers.changed.is_set()
    for _ in range(2):
        breakers.record_failure("a", "HTTP 500")
    assert breakers.changed.is_set()
    (told,) = breakers.take_changes().values()
    assert (told.reason, told.until) == ("HTTP 500", breakers.find("a").open_until)
    assert not breakers.changed.is_set()
    assert breakers.take_changes() == {}
    breakers.record_success("a")
    assert breakers.take_changes() == {"a": Rest()}


def test_a_rest_that_another_process_stored_is_kept_until_it_says_otherwise() -> None:
    time = Time()
    breakers = Breakers(threshold=5, first_s=10, now_s=time)
    until = soon(20)
    breakers.hear(heard(until, "HTTP 500"))
    assert not breakers.allows("a")
    assert breakers.find("a").reason == "HTTP 500"
    assert breakers.take_changes() == {}  # it is no news to anybody
    time.now += 19
    assert not breakers.allows("a")
    time.now += 2
    assert breakers.is_due("a")
    breakers.begin("a")
    breakers.record_failure("a", "again")  # 10 and 20 seconds were, 40 follow
    time.now += 39
    assert not breakers.allows("a")
    time.now += 2
    assert breakers.allows("a")
    breakers.take_changes()
    breakers.hear(heard(None))
    assert breakers.find("a").open_until is None


def test_what_was_heard_before_is_no_news() -> None:
    breakers = Breakers(threshold=1, first_s=10)
    until = soon(5)
    breakers.hear(heard(until))
    breakers.record_success("a")
    breakers.hear(heard(until))  # read before the end of the rest was stored
    assert breakers.allows("a")
    breakers.take_changes()
    breakers.record_failure("a", "x")
    breakers.hear(heard(None))  # own news go before what others said earlier
    assert not breakers.allows("a")
    own = breakers.find("a").open_until
    breakers.take_changes()
    breakers.hear(heard(soon(1)))
    assert breakers.find("a").open_until == own
