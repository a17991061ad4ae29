"""The money of relayed calls: hold before, capture what was used, release what died.

Each is one operation of the group commit. A call is settled once; whoever comes second, the
call itself or the sweep that thought it dead, changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gesso.domain.call import Call, CallState, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAllowed
from gesso.kit import clock
from gesso.ledger import book
from gesso.storage import calls
from gesso.storage.database import Database
from gesso.storage.unit import Needs, Unit
from gesso.storage.writer import Writer

log = structlog.get_logger()

#: How long an open call is believed to live without its process saying so.
LEASE = timedelta(seconds=45)
#: How often a process says which of its calls live.
RENEW_S = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    usage: Usage
    cost_nanos: int  #: 0 when nothing was delivered.
    status: int
    channel_id: str | None = None
    upstream_id: str | None = None
    upstream_key: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """The transaction before a call."""

    key: ApiKey
    call: Call

    @property
    def needs(self) -> Needs:
        """The books of the account and the key."""
        return Needs(accounts=(self.key.account_id,), spending_keys=(self.key.id,))

    def apply(self, unit: Unit) -> Call:
        """Hold the money; raises InsufficientFunds."""
        account = unit.accounts.get(self.key.account_id)
        if account is None or not account.enabled:
            raise NotAllowed("the account of this key is disabled")
        book.hold(unit, self.call, spend_limit_nanos=self.key.spend_limit_nanos)
        unit.add_call(self.call)
        return self.call


@dataclass(frozen=True, slots=True)
class Settle:
    """The transaction after a call."""

    call: Call
    outcome: Outcome

    @property
    def needs(self) -> Needs:
        """The call and its books."""
        return _needs(self.call)

    def apply(self, unit: Unit) -> Call:
        """Capture what was used and give the rest back."""
        call = unit.calls.get(self.call.id)
        if call is None or call.state is not CallState.OPEN:
            # The sweep gave the money back, or the call was settled already.
            return call or self.call
        outcome = self.outcome
        if outcome.cost_nanos > call.price_nanos:
            call = book.extend(unit, call, outcome.cost_nanos - call.price_nanos)
        charge = min(outcome.cost_nanos, call.price_nanos)
        book.capture(unit, call, charge)
        call = _closed(call, outcome, unit.now, charge)
        unit.save_call(call)
        return call


@dataclass(frozen=True, slots=True)
class Keep:
    """The transaction of a call that cost nothing: its row alone."""

    call: Call
    outcome: Outcome

    @property
    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def apply(self, unit: Unit) -> Call:
        """Store the finished call."""
        call = _closed(self.call, self.outcome, unit.now, 0)
        unit.add_call(call)
        return call


@dataclass(frozen=True, slots=True)
class Release:
    """The transaction that gives the hold of a dead call back."""

    call: Call

    @property
    def needs(self) -> Needs:
        """The call and its books."""
        return _needs(self.call)

    def apply(self, unit: Unit) -> bool:
        """Give everything back; False when the call was settled meanwhile."""
        call = unit.calls.get(self.call.id)
        if call is None or call.state is not CallState.OPEN or call.lease_until >= unit.now:
            return False
        book.release(unit, call)
        error = "the process that served this call is gone"
        unit.save_call(replace(call, state=CallState.RELEASED, finished_at=unit.now, error=error))
        return True


class Leases:
    """Says which calls of this process live."""

    def __init__(self, database: Database) -> None:
        """Start with no calls."""
        self._database = database
        self._open: set[str] = set()

    def add(self, call: Call) -> None:
        """Keep a call alive from now on."""
        self._open.add(call.id)

    def drop(self, call: Call) -> None:
        """Let a call go."""
        self._open.discard(call.id)

    async def run(self) -> None:
        """Renew all leases until cancelled. Most calls end before their first renewal."""
        while True:
            await asyncio.sleep(RENEW_S)
            mine = sorted(self._open)
            try:
                for start in range(0, len(mine), 500):
                    async with self._database.transaction() as connection:
                        until = clock.now() + LEASE
                        await calls.renew(connection, mine[start : start + 500], until)
            except Exception:
                log.exception("leases_not_renewed", calls=len(mine))


async def release_dead(database: Database, writer: Writer) -> int:
    """Give the holds of calls back whose process died."""
    async with database.reading() as connection:
        dead = await calls.find_dead(connection, clock.now(), limit=1000)
    released = await asyncio.gather(*(writer.write(Release(call)) for call in dead))
    return sum(released)


def _closed(call: Call, outcome: Outcome, now: datetime, charged_nanos: int) -> Call:
    return replace(
        call,
        finished_at=now,
        charged_nanos=charged_nanos,
        state=CallState.SETTLED if outcome.status < 400 else CallState.RELEASED,
        usage=outcome.usage,
        channel_id=outcome.channel_id,
        upstream_id=outcome.upstream_id,
        upstream_key=outcome.upstream_key,
        status=outcome.status,
        error=outcome.error,
    )


def _needs(call: Call) -> Needs:
    return Needs(calls=(call.id,), accounts=(call.account_id,), spending_keys=(call.key_id,))
