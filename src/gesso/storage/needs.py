"""What an operation wants to see before it decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from gesso.domain.call import Call
from gesso.domain.limits import Meter

#: The rows that some operations need, by the name of their column in `Needs`.
Merged = Mapping[str, Sequence[Any]]


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


def merged(needs: Iterable[Needs]) -> Merged:
    """Return what all need together, without what nobody needs."""
    # Operations of one key need the very same, or name the very same rows.
    different = list({id(one): one for one in needs}.values())
    if len(different) <= 2:
        # A lone caller's: one call that begins, and the one before it that has ended.
        pairs = zip(Needs._fields, different[0], different[-1], strict=True)
        return {name: a if a is b else (*a, *b) for name, a, b in pairs if a or b}
    need: dict[str, Sequence[Any]] = {}
    for name, column in zip(Needs._fields, zip(*different, strict=True), strict=False):
        if any(column):
            distinct = {id(rows): rows for rows in column}
            need[name] = list(chain.from_iterable(distinct.values()))
    return need
