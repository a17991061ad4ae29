"""The money of relayed calls: hold before, capture what was used, release what died.

Each is one operation of the group commit. A call is settled once; whoever comes second, the
call itself or the sweep that thought it dead, changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from gesso.domain.call import Call, CallState, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAllowed
from gesso.domain.limits import Allowance
from gesso.kit import clock
from gesso.ledger import book
from gesso.services import relay_again, relay_limits
from gesso.services.relay_again import Again, Kept
from gesso.services.relay_limits import Bound
from gesso.storage import calls
from gesso.storage.database import Database
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer

log = structlog.get_logger()

#: How long an open call is believed to live without its process saying so.
LEASE = timedelta(seconds=45)
#: How often a process says which of its calls live.
RENEW_S = 10.0


class Outcome(NamedTuple):
    """How a call ended."""

    usage: Usage
    cost_nanos: int  #: 0 when nothing was delivered.
    status: int
    channel_id: str | None = None
    upstream_id: str | None = None
    upstream_key: str = ""
    error: str | None = None
    kept: Kept | None = None  #: The whole answer, for a call that may be sent again.


class Begun(NamedTuple):
    """A call that may be made, or the answer that was given to it before."""

    call: Call
    allowances: tuple[Allowance, ...] = ()
    kept: Kept | None = None


@dataclass(slots=True)
class Open:
    """The transaction before a call. Not frozen: that takes four times as long to make."""

    key: ApiKey
    call: Call
    foreseen: Usage = Usage()
    again: Again | None = None
    bound: Bound = field(init=False)  #: What limits the call.

    def __post_init__(self) -> None:
        """Look up once what both transactions of the call need."""
        self.bound = relay_limits.bound_of(self.key, self.call.started_at)

    @property
    def needs(self) -> Needs:
        """The books of the account and the key, and what counts against their limits."""
        needs = self.bound.needs
        return needs if self.again is None else needs._replace(call_replays=self.replays)

    @property
    def replays(self) -> tuple[tuple[str, str], ...]:
        """What the call may have been before, if it may be sent again."""
        return () if self.again is None else ((self.key.id, self.again.key),)

    def apply(self, unit: Unit) -> Begun:
        """Hold the money; raises InsufficientFunds, RateLimited or Conflict.

        For a call that was made before, nothing is held: its answer is returned.
        """
        account = unit.accounts.get(self.key.account_id)
        if account is None or not account.enabled:
            raise NotAllowed("the account of this key is disabled")
        kept = relay_again.find(unit, self.key.id, self.again) if self.again else None
        if kept is not None:
            return Begun(self.call, kept=kept)
        allowances = relay_limits.take(unit, self.bound, self.call, self.foreseen)
        book.hold(unit, self.call, spend_limit_nanos=self.key.spend_limit_nanos)
        unit.add_call(self.call)
        if self.again:
            relay_again.begin(unit, self.call, self.again)
        return Begun(self.call, allowances)


class Settle(NamedTuple):
    """The transaction after a call."""

    opened: Open
    outcome: Outcome

    @property
    def call(self) -> Call:
        """The call as it was opened."""
        return self.opened.call

    @property
    def needs(self) -> Needs:
        """The call, its books and what counted it.

        Open calls are counted where one in the same commit begins, which asks for them.
        """
        opened = self.opened
        needs = opened.bound.ending.with_own(opened.call)
        return needs if opened.again is None else needs._replace(call_replays=opened.replays)

    def apply(self, unit: Unit) -> Call | None:
        """Capture what was used and give the rest back; None when the call had ended before.

        The sweep gave the money back then, or it was settled already.
        """
        opened, outcome = self.opened, self.outcome
        call = unit.calls.get(opened.call.id)
        if call is None or call.state is not CallState.OPEN:
            return None
        charge = outcome.cost_nanos
        if charge > call.price_nanos:
            call = book.extend(unit, call, charge - call.price_nanos)
            charge = min(charge, call.price_nanos)
        book.capture(unit, call, charge)
        call = _closed(call, outcome, unit.now, charge)
        unit.save_call(call)
        tokens = relay_limits.tokens_of(outcome.usage) - relay_limits.tokens_of(opened.foreseen)
        relay_limits.correct(unit, opened.call, opened.bound.ended, charge, tokens)
        if opened.again:
            relay_again.keep(unit, call, opened.again, outcome.kept)
        return call


class Keep(NamedTuple):
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


class Release(NamedTuple):
    """The transaction that gives the hold of a dead call back."""

    call: Call

    @property
    def needs(self) -> Needs:
        """The call, its books and what counted its price."""
        call = self.call
        return Needs(
            calls=(call.id,),
            accounts=(call.account_id,),
            spending_keys=(call.key_id,),
            meters=tuple(name for name, _ in relay_limits.money_of(call)),
        )

    def apply(self, unit: Unit) -> bool:
        """Give everything back; False when the call was settled meanwhile."""
        call = unit.calls.get(self.call.id)
        if call is None or call.state is not CallState.OPEN or call.lease_until >= unit.now:
            return False
        book.release(unit, call)
        relay_limits.correct(unit, call, relay_limits.money_of(call), 0, 0)
        error = "the process that served this call is gone"
        unit.save_call(call._replace(state=CallState.RELEASED, finished_at=unit.now, error=error))
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
    usage, _, status, channel_id, upstream_id, upstream_key, error, _ = outcome
    state = CallState.SETTLED if status < 400 else CallState.RELEASED
    return call.ended(
        state, charged_nanos, usage, channel_id, upstream_id, upstream_key, status, error, now
    )
