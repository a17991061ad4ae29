"""Circuit breakers: a backend that keeps failing is left alone for a while, then tried once.

Closed → open after so many failures in a row → half-open when its time is over: one trial
goes through, and decides. Each opening lasts longer than the one before.

Every process counts by itself. What it decides, that a backend rests and that it works again,
is a change for the others: `take_changes` gives what is to be stored, `hear` takes what they
have stored. No call waits for either.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class Rest:
    """What processes tell each other of one backend."""

    until: datetime | None = None  #: None for one that works.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel that relays does, as one process knows it."""

    breaker: str  #: closed, open or half-open.
    failures: int  #: In a row.
    open_until: datetime | None
    reason: str  #: Of the last failure.
    keys: int
    keys_resting: int  #: Refused or too busy a moment ago.


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
        self._heard: Mapping[str, Rest] = {}
        self._changes: set[str] = set()
        #: Set while there are changes that nobody has taken.
        self.changed = asyncio.Event()

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
        known = self._known.pop(backend, None)
        if known is not None and known.open_until is not None:
            self.note_change(backend)

    def record_failure(self, backend: str, reason: str) -> None:
        """Count a failure; opens at the threshold, and at once when a trial failed."""
        known = self._known.setdefault(backend, Breaker())
        known.failures += 1
        known.reason = reason
        if known.open_until is None and known.failures < self._threshold:
            return
        lasts_s = min(self._first_s * 2**known.openings, self._longest_s)
        known.openings = min(known.openings + 1, 30)
        self._open(known, clock.now() + timedelta(seconds=lasts_s), lasts_s)
        self.note_change(backend)

    def note_change(self, backend: str) -> None:
        """Note that the others do not know yet what is known here of a backend."""
        self._changes.add(backend)
        self.changed.set()

    def take_changes(self) -> dict[str, Rest]:
        """Return what the others do not know yet, each as it is now."""
        taken = {one: self.find(one) for one in self._changes}
        self._changes.clear()
        self.changed.clear()
        return {one: Rest(known.open_until, known.reason) for one, known in taken.items()}

    def hear(self, stored: Mapping[str, Rest]) -> None:
        """Take what is stored of all backends; only what is new since the last time counts.

        A rest that ends later than the own one is taken over, and an end of a rest too, unless
        this process has news of its own about that backend.
        """
        before, self._heard = self._heard, stored
        for backend, rest in stored.items():
            if rest.until == before.get(backend, Rest()).until or backend in self._changes:
                continue
            if rest.until is None:
                self._known.pop(backend, None)
            else:
                self._rest_too(backend, rest.until, rest.reason)

    def _rest_too(self, backend: str, until: datetime, reason: str) -> None:
        known = self._known.setdefault(backend, Breaker())
        if known.open_until is not None and until <= known.open_until:
            return
        lasts_s = (until - clock.now()).total_seconds()
        known.reason = reason
        # So that the next rest is longer here as well.
        while known.openings < 30 and self._first_s * 2**known.openings <= lasts_s:
            known.openings += 1
        known.openings = max(known.openings, 1)
        self._open(known, until, lasts_s)

    def _open(self, known: Breaker, until: datetime, lasts_s: float) -> None:
        known.open_until, known._until_s = until, self._now_s() + lasts_s
        known._trial_s, known.probed = 0.0, False
