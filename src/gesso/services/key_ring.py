"""The keys of a channel, taken in turn; one that was refused or is too busy rests a while."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import lru_cache

from gesso.domain.channel import Channel
from gesso.domain.model import names

#: How long a key rests that the upstream calls too busy and does not say for how long.
BUSY_S = 20.0
#: How long a key rests that the upstream does not know or that has no money.
REFUSED_S = 600.0

Keys = tuple[tuple[str, str], ...]  #: Keys with their fingerprints.


class KeyRing:
    """Hands out keys for one process."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Start with all keys rested."""
        self._now_s = now_s
        self._turn: dict[str, int] = {}
        self._rests: dict[tuple[str, str], float] = {}
        #: Channel → its keys and their fingerprints, as long as it is the same channel.
        self._read: dict[str, tuple[Channel, Keys]] = {}

    def take(self, channel: Channel, *, fingerprint: str = "") -> str | None:
        """Return the next key of a channel; "" when it needs none, None when all rest.

        With the fingerprint of a key, only that one will do.
        """
        keys = self._keys(channel)
        if not keys:
            return ""
        now = self._now_s()
        start = self._turn.get(channel.id, 0)
        for step in range(len(keys)):
            key, mark = keys[(start + step) % len(keys)]
            if fingerprint in ("", mark) and self._is_rested(channel, mark, now):
                self._turn[channel.id] = (start + step + 1) % len(keys)
                return key
        return None

    def has(self, channel: Channel, *, fingerprint: str = "") -> bool:
        """Say whether `take` would return a key now."""
        now = self._now_s()
        return any(
            fingerprint in ("", mark) and self._is_rested(channel, mark, now)
            for _, mark in self._keys(channel)
        )

    def rest(self, channel: Channel, key: str, seconds: float) -> None:
        """Let a key rest."""
        if key:
            self._rests[channel.id, fingerprint_of(key)] = self._now_s() + seconds

    def resting(self, channel: Channel) -> int:
        """Return how many keys of a channel rest now."""
        now = self._now_s()
        return sum(not self._is_rested(channel, mark, now) for _, mark in self._keys(channel))

    def _keys(self, channel: Channel) -> Keys:
        known = self._read.get(channel.id)
        if known is None or known[0] is not channel:
            known = channel, tuple((key, fingerprint_of(key)) for key in keys_of(channel))
            self._read[channel.id] = known
        return known[1]

    def _is_rested(self, channel: Channel, mark: str, now: float) -> bool:
        return self._rests.get((channel.id, mark), 0.0) <= now


def keys_of(channel: Channel) -> tuple[str, ...]:
    """Return every key of a channel, each once."""
    return tuple(dict.fromkeys((*names(channel, "api_key"), *names(channel, "keys"))))


@lru_cache(maxsize=1024)
def fingerprint_of(key: str) -> str:
    """Return by what a key is known without telling it."""
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else ""
