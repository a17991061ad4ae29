"""What an operation wants to see before it decides."""

from __future__ import annotations

from typing import NamedTuple

from gesso.domain.call import Call
from gesso.domain.limits import Meter


class Needs(NamedTuple):
    """The rows that an operation wants to see; they are locked before it runs."""

    tasks: tuple[int, ...] = ()
    accounts: tuple[str, ...] = ()
    spending_keys: tuple[str, ...] = ()  #: Keys whose spending is limited.
    busy_keys: tuple[tuple[str, int], ...] = ()  #: Keys with their limit of open tasks.
    channels: tuple[tuple[str, int], ...] = ()  #: Channels with the most tasks to count.
    replays: tuple[tuple[str, str], ...] = ()  #: Pairs of API key and Idempotency-Key.
    turns: tuple[tuple[str, str], ...] = ()  #: Pairs of lane and account that may wait.
    calls: tuple[str, ...] = ()
    own_calls: tuple[Call, ...] = ()  #: Opened here; there is one in the unit if it still is open.
    call_replays: tuple[tuple[str, str], ...] = ()  #: Pairs of API key and Idempotency-Key.
    meters: tuple[Meter, ...] = ()  #: Counts of windows of time; needs the account as well.
    open_calls: tuple[str, ...] = ()  #: Accounts whose open calls are counted, by key too.

    def with_own(self, call: Call) -> Needs:
        """Return the same and a call that was opened here. Not `_replace`: this is hot."""
        return _new(Needs, (*self[:_OWN], (call,), *self[_OWN + 1 :]))


_OWN = Needs._fields.index("own_calls")
_new = tuple.__new__
