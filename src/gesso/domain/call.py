"""A relayed call: one request to a model, paid by what it used and kept as a row of its own.

Unlike a task it lives only as long as its connection. What holds money for it is a lease: a
call whose process died is found by the lease that nobody renewed (`services/relay_money.py`).

Rows of this module are named tuples: several are made for each call, and a frozen dataclass
takes four times as long to make.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class CallState(StrEnum):
    """Where a call stands."""

    OPEN = "open"  #: Its hold is in the books; the upstream works.
    SETTLED = "settled"  #: What it used is captured, the rest was given back.
    RELEASED = "released"  #: Nothing was delivered, or its process died: all was given back.


class Usage(NamedTuple):
    """What a call used. Token counts are those of the upstream unless `estimated`."""

    input_tokens: int = 0  #: All of the prompt, cached part included.
    cached_tokens: int = 0  #: The part of the prompt that the upstream had at hand.
    output_tokens: int = 0
    characters: int = 0  #: Of the text that is to be spoken.
    audio_ms: int = 0  #: Of the recording that is to be written down.
    pictures: int = 0  #: Delivered pictures.
    estimated: bool = False  #: Counted here, because the upstream did not say.


class Call(NamedTuple):
    """One relayed call and its money, in nano-dollars."""

    id: str
    account_id: str
    key_id: str
    endpoint: str  #: Path below `/v1/`.
    model: str  #: As the caller named it.
    price_key: str
    price_nanos: int  #: Held before the upstream was asked.
    started_at: datetime
    lease_until: datetime  #: After this moment an open call is dead.
    state: CallState = CallState.OPEN
    charged_nanos: int = 0
    usage: Usage = Usage()
    channel_id: str | None = None
    upstream_id: str | None = None  #: Id of a stored response, so that it can be found again.
    upstream_key: str = ""  #: Fingerprint of the channel's key that made it.
    status: int | None = None  #: HTTP status that the caller got.
    error: str | None = None
    finished_at: datetime | None = None

    def ended(
        self,
        state: CallState,
        charged_nanos: int,
        usage: Usage,
        channel_id: str | None,
        upstream_id: str | None,
        upstream_key: str,
        status: int,
        error: str | None,
        finished_at: datetime,
    ) -> Call:
        """Return the call as it ended. Not `_replace`: it takes six times as long."""
        end = (
            state, charged_nanos, usage, channel_id, upstream_id, upstream_key, status, error,
            finished_at,
        )  # fmt: skip
        return tuple.__new__(Call, self[: -len(end)] + end)
