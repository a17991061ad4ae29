"""Circuit breakers: a backend that keeps failing is left alone for a while, then tried once.

Closed → open after so many failures in a row → half-open when its time is over: one trial
goes through, and decides. Each opening lasts longer than the one before. In this process
only: every process learns by itself, within seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gesso.kit import clock


@dataclass(slots=True)
class Breaker:
    """What is known of one backend's health."""

    failures: int = 0  #: In a row.
    openings: int = 0  #: Since the last success.
    open_until: datetime | None = None  #: Set while it is left alone; past: one trial is due.
    reason: str = ""  #: Of the last failure, for people.
    probed: bool = False  #: Whether it said, since the rest was over, that it would work.
    _until_s: float = 0.0
    _trial_s: float = 0.0


class Breakers:
    """The breakers of all backends, by their id."""

    def __init__(
        self,
        *,
        threshold: int = 5,
        first_s: float = 10.0,
        longest_s: float = 300.0,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take after how many failures one opens, for how long at first and at most."""
        self._threshold = threshold
        self._first_s = first_s
        self._longest_s = longest_s
        self._now_s = now_s
        self._known: dict[str, Breaker] = {}

    def find(self, backend: str) -> Breaker:
        """Return what is known of a backend; closed when nothing is."""
        return self._known.get(backend) or Breaker()

    def allows(self, backend: str) -> bool:
        """Say whether a request may go there now; of an open one, one trial at a time may."""
        known = self._known.get(backend)
        if known is None or known.open_until is None:
            return True
        now = self._now_s()
        return now >= known._until_s and now >= known._trial_s

    def is_due(self, backend: str) -> bool:
        """Say whether a rest is over and nobody knows yet whether the backend lives again."""
        known = self._known.get(backend)
        if known is None or known.open_until is None or known.probed:
            return False
        return self.allows(backend)

    def end_probe(self, backend: str) -> None:
        """Note that a backend says that it would work: the next call is its trial."""
        known = self._known.get(backend)
        if known is not None:
            known._trial_s, known.probed = 0.0, True

    def begin(self, backend: str) -> None:
        """Note that a request goes there: for an open breaker it is the trial."""
        known = self._known.get(backend)
        if known is not None and known.open_until is not None:
            # A trial that never reports, because its process was busy dying, expires.
            known._trial_s = self._now_s() + self._first_s

    def record_success(self, backend: str) -> None:
        """Close the breaker."""
        self._known.pop(backend, None)

    def record_failure(self, backend: str, reason: str) -> None:
        """Count a failure; opens at the threshold, and at once when a trial failed."""
        known = self._known.setdefault(backend, Breaker())
        known.failures += 1
        known.reason = reason
        if known.open_until is None and known.failures < self._threshold:
            return
        lasts_s = min(self._first_s * 2**known.openings, self._longest_s)
        known.openings = min(known.openings + 1, 30)
        known.open_until = clock.now() + timedelta(seconds=lasts_s)
        known._until_s = self._now_s() + lasts_s
        known._trial_s, known.probed = 0.0, False
