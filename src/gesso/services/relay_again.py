"""Relayed calls that are sent again: the same Idempotency-Key never makes a second call.

While the first one runs, the second is told to wait. Once it is settled, its answer is given
again as long as it is kept; after that the second is refused rather than charged. A call
that failed and cost nothing may be made again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from gesso.domain.call import Call, CallState
from gesso.domain.errors import CallRunning, Conflict, KeyReused
from gesso.storage.call_replays import CallReplay
from gesso.storage.unit import Unit

#: How long an answer is kept, and how long its key is known.
KEEP, KNOW = timedelta(hours=1), timedelta(hours=24)
#: The largest answer that is kept, in bytes.
MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Again:
    """The name that a caller gives a call, and the digest of what is asked."""

    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer of a call as it went to the caller."""

    status: int
    content_type: str
    body: bytes


class Keeper:
    """Collects an answer while it passes; gives up when it grows too large."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._parts: list[bytes] | None = []
        self._size = 0

    def feed(self, part: bytes) -> None:
        """Take what goes to the caller."""
        if self._parts is None:
            return
        self._size += len(part)
        if self._size > MOST_BYTES:
            self._parts = None
        else:
            self._parts.append(part)

    def take(self, status: int, content_type: str) -> Kept | None:
        """Return the whole answer, None when it was too large."""
        if self._parts is None:
            return None
        return Kept(status, content_type, b"".join(self._parts))


def find(unit: Unit, key_id: str, again: Again) -> Kept | None:
    """Return the answer that was given before; None for a call that may be made.

    Raises KeyReused for another request under the same key, CallRunning while the first one
    runs, Conflict when it was answered and the answer is not kept.
    """
    known = unit.call_replays.get((key_id, again.key))
    call = unit.calls.get(known.call_id) if known else None
    if known is None or call is None or call.state is CallState.RELEASED:
        return None
    if known.digest != again.digest:
        raise KeyReused("this Idempotency-Key was used before with another request")
    if call.state is CallState.OPEN:
        raise CallRunning(
            "the call with this Idempotency-Key still runs", facts={"retry_after_s": 1.0}
        )
    if known.body is None:
        raise Conflict("the call with this Idempotency-Key was answered and paid; its answer is "
                       "not kept")  # fmt: skip
    return Kept(known.status or 200, known.content_type, known.body)


def begin(unit: Unit, call: Call, again: Again) -> None:
    """Remember a call that begins."""
    unit.remember_call(CallReplay(call.key_id, again.key, again.digest, call.id))


def keep(unit: Unit, call: Call, again: Again, kept: Kept | None) -> None:
    """Keep the answer of a call that was settled."""
    known = unit.call_replays.get((call.key_id, again.key))
    if kept is None or known is None or known.call_id != call.id:
        return
    unit.remember_call(
        replace(
            known,
            status=kept.status,
            content_type=kept.content_type[:120],
            body=kept.body,
        )
    )
