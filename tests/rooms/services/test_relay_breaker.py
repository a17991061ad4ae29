"""Circuit breakers."""

from __future__ import annotations

from gesso.services.relay_breaker import Breakers


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
