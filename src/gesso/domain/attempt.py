"""One try at one upstream. The row is written before the call: the intent comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AttemptState(StrEnum):
    """What is known of a try."""

    OPENED = "opened"  #: The call may have been made.
    ACCEPTED = "accepted"  #: The upstream gave us an id.
    FINISHED = "finished"  #: The upstream said how it ended.
    REFUSED = "refused"  #: The upstream surely did not start it.
    LOST = "lost"  #: Nobody can tell what became of it.


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a task at one channel."""

    id: str  #: `<task id>-<number>`; also the reference that the upstream gets.
    task_id: int
    number: int
    channel_id: str
    state: AttemptState
    opened_at: datetime
    upstream_id: str | None = None
    closed_at: datetime | None = None
    error: str | None = None
