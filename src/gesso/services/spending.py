"""Show callers their own money: balance, usage over time, and the receipt of a task."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from gesso.domain.caller import ApiKey
from gesso.domain.task import Task
from gesso.ledger import statement
from gesso.ledger.money import write_dollars
from gesso.ledger.statement import Posting, Spent
from gesso.storage import accounts, keys
from gesso.storage.database import Database

__all__ = ["CACHE_S", "Balance", "Posting", "Scope", "Spending", "Spent", "write_dollars"]

#: How long sums of usage are kept at hand, in seconds, and how many of them.
CACHE_S = 60.0
_KEEP = 1000


@dataclass(frozen=True, slots=True)
class Balance:
    """What can be spent and what was, in nano-dollars."""

    left_nanos: int | None  #: None for a key without a spend limit.
    used_nanos: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose spending, and of which time; `until` is exclusive."""

    key_id: str | None  #: None for the whole account.
    since: datetime
    until: datetime


class Spending:
    """Reads the books for callers."""

    def __init__(self, database: Database) -> None:
        """Hold the database."""
        self._database = database
        self._sums: dict[tuple[str, Scope], tuple[float, tuple[Spent, ...]]] = {}

    async def balance_of_account(self, key: ApiKey) -> Balance:
        """Return what the account of a key can spend, and has spent."""
        async with self._database.reading() as connection:
            account = (await accounts.lock(connection, [key.account_id]))[key.account_id]
            used = await statement.captured(connection, key.account_id)
        return Balance(account.available_nanos, used)

    async def balance_of_key(self, key: ApiKey) -> Balance:
        """Return what a key may still spend within its own limit, and has spent."""
        async with self._database.reading() as connection:
            spent = (await keys.lock_spent(connection, [key.id])).get(key.id, 0)
            used = await statement.captured(connection, key.account_id, key.id)
        limit = key.spend_limit_nanos
        return Balance(None if limit is None else max(0, limit - spent), used)

    async def usage(self, key: ApiKey, scope: Scope) -> tuple[tuple[Spent, ...], bool]:
        """Return captures summed by price key and quarter of an hour, and whether from memory.

        Failed and released tasks have no capture and so no part in it.
        """
        name = (key.account_id, scope)
        known = self._sums.get(name)
        if known is not None and time.monotonic() - known[0] < CACHE_S:
            return known[1], True
        async with self._database.reading() as connection:
            found = await statement.spent(
                connection, key.account_id, scope.key_id, scope.since, scope.until
            )
        if len(self._sums) >= _KEEP:
            self._sums.clear()
        self._sums[name] = (time.monotonic(), tuple(found))
        return tuple(found), False

    async def receipt(self, task: Task) -> list[Posting]:
        """Return every posting of a task, oldest first."""
        async with self._database.reading() as connection:
            return await statement.of_task(connection, task.id)
