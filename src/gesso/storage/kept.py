"""What every call of the relay needs of the books, kept from one commit to the next.

Nearly all of it is what the commit before has written. On SQLite it stays true until another
connection commits, and a look at `PRAGMA data_version` tells that; on PostgreSQL other
processes write and reading a row locks it, so everything is read again. What keeping spares
is in docs/decisions/0024.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.call import Call, CallState
from gesso.domain.caller import Account
from gesso.domain.limits import Meter
from gesso.storage import accounts, calls, keys, meters
from gesso.storage.database import Direct

K = TypeVar("K")
V = TypeVar("V")

#: Most rows of a kind; windows of time that are over are never asked for again.
_MOST = 4096


@dataclass(slots=True)
class Kept:
    """Rows of one writer, as far as they are still what the database has."""

    #: Open calls of accounts, and of each of their keys that has any. A unit counts in it.
    open_calls: dict[str, int] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _spent: dict[str, int] = field(default_factory=dict)
    _meters: dict[Meter, int] = field(default_factory=dict)
    _calls: set[str] = field(default_factory=set)  #: Opened here, and not ended.
    _moment: object = None  #: Of the database, see `Direct.moment`.

    def begin(self, connection: AsyncConnection) -> None:
        """Forget what may have changed since the last transaction, at the begin of another."""
        moment = connection.moment if isinstance(connection, Direct) else None
        if moment is None or moment is not self._moment:
            self.forget()
            self._moment = moment

    def forget(self) -> None:
        """Read everything again: a commit has failed, or somebody else has written."""
        # New ones: a unit that failed may still hold the counts.
        self.open_calls = {}
        self._accounts, self._spent, self._meters, self._calls = {}, {}, {}, set()
        self._moment = None

    # Reading ----------------------------------------------------------------------------

    async def lock_accounts(
        self, connection: AsyncConnection, ids: Collection[str]
    ) -> dict[str, Account]:
        """Read accounts for update."""
        return await _through(self._accounts, ids, lambda new: accounts.lock(connection, new))

    async def lock_spent(self, connection: AsyncConnection, ids: Collection[str]) -> dict[str, int]:
        """Read what keys have spent, for update."""
        return await _through(self._spent, ids, lambda new: keys.lock_spent(connection, new))

    async def find_meters(
        self, connection: AsyncConnection, wanted: Collection[Meter]
    ) -> dict[Meter, int]:
        """Read what windows of time have counted."""
        return await _through(self._meters, wanted, lambda new: meters.find(connection, new))

    async def count_open(self, connection: AsyncConnection, accounts: Iterable[str]) -> None:
        """See to it that `open_calls` has these accounts."""
        known = self.open_calls
        missing = {one for one in accounts if one not in known}
        if missing:
            if len(known) > _MOST:
                known.clear()
                missing = set(accounts)
            known |= await calls.count_open_of(connection, missing)

    async def lock_open(
        self, connection: AsyncConnection, opened: Iterable[Call]
    ) -> dict[str, Call]:
        """Lock calls that were opened here; returns those of them that are still open."""
        known = self._calls
        found, missing = {}, []
        for call in opened:
            if call.id in known:
                found[call.id] = call
            else:
                missing.append(call)
        return found | await calls.lock_open(connection, missing) if missing else found

    # Writing ----------------------------------------------------------------------------

    async def save(
        self,
        connection: AsyncConnection,
        balances: Mapping[str, Account],
        spent: Mapping[str, int],
        counted: Mapping[Meter, int],
    ) -> None:
        """Store what differs of balances, of what keys have spent, of what windows count."""
        if moved := _differing(balances, self._accounts):
            await accounts.update_balances(connection, [account for _, account in moved])
            self._accounts.update(moved)
        if paid := _differing(spent, self._spent):
            await keys.update_spent(connection, paid)
            self._spent.update(paid)
        if changed := _differing(counted, self._meters):
            await meters.save(connection, changed)
            self._meters.update(changed)

    async def save_calls(
        self, connection: AsyncConnection, new: Sequence[Call], old: Sequence[Call]
    ) -> None:
        """Store new calls and what became of others."""
        if new:
            await calls.insert_all(connection, new)
            self._calls.update([call.id for call in new if call.state is CallState.OPEN])
        if old:
            await calls.update_all(connection, old)
            self._calls.difference_update([call.id for call in old])


async def _through(
    known: dict[K, V], wanted: Collection[K], read: Callable[[list[K]], Awaitable[dict[K, V]]]
) -> dict[K, V]:
    """Return rows from those that are known, and read the others."""
    try:
        return {name: known[name] for name in wanted}
    except KeyError:
        names = dict.fromkeys(wanted)
    missing = [name for name in names if name not in known]
    if len(known) + len(missing) > _MOST:
        known.clear()
        missing = list(names)
    known |= await read(missing)
    return {name: known[name] for name in names if name in known}


def _differing(now: Mapping[K, V], before: Mapping[K, V]) -> list[tuple[K, V]]:
    """Return the rows that are not as they are stored."""
    return [(key, row) for key, row in now.items() if row != before.get(key)]
