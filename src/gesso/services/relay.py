"""Relay a call: price, hold, find a channel that answers, pass the bytes on, settle.

A call fails over to other keys and channels until the first byte of an answer is there;
after that the caller has it, and what was used is charged even when the caller leaves.

No call waits for the disk (docs/decisions/0015): a power cut may take the last moments' calls
and their money together, in the customer's favour; the death of a process takes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import structlog

from gesso.domain import ids
from gesso.domain.call import Call
from gesso.domain.caller import ApiKey
from gesso.domain.channel import Channel
from gesso.domain.errors import GessoError, NotFound, UnknownModel
from gesso.domain.model import SANDBOX, SANDBOX_MODELS
from gesso.domain.relay import Ask, Endpoint
from gesso.kit import clock
from gesso.ledger.model_prices import Tariff, find_tariff, group_factor
from gesso.ledger.money import DOLLAR
from gesso.services.catalogue import Catalogue
from gesso.services.key_ring import keys_of
from gesso.services.relay_again import Kept
from gesso.services.relay_breaker import Health
from gesso.services.relay_demand import Demand, Relayed, Show
from gesso.services.relay_ending import Ending
from gesso.services.relay_limits import is_limited
from gesso.services.relay_money import LEASE, Begun, Keep, Leases, Open, Outcome, Settle
from gesso.services.relay_probe import Prober
from gesso.services.relay_route import Router
from gesso.services.relay_try import Attempts, Opened
from gesso.storage import calls
from gesso.storage.database import Database
from gesso.storage.writer import Operation, Writer

log = structlog.get_logger()

#: What test keys pay.
_FREE = Tariff("test", {})
#: Most models whose price is kept at hand.
_TARIFFS = 1000


class Relayer:
    """Relays calls for one process."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        catalogue: Catalogue,
        router: Router,
        attempts: Attempts,
        prober: Prober,
        *,
        total_s: float,
    ) -> None:
        """Hold the books, the channels and how long one call may last."""
        self._database = database
        self._writer = writer
        self._catalogue = catalogue
        self.router = router
        self.leases = Leases(database)
        self.attempts = attempts
        self.prober = prober
        self._total_s = total_s
        #: By model and price group.
        self._tariffs: dict[tuple[str, str], Tariff | None] = {}
        self._tariffs_of: object = None  #: The price list that they were read from.
        self._settling: set[asyncio.Future[Any]] = set()

    def health(self, channel: Channel) -> Health | None:
        """Return how a channel does in this process; None for one that relays nothing."""
        if self.router.relay_of(channel) is None:
            return None
        breaker, ring = self.router.breakers.find(channel.id), self.attempts.ring
        state = "closed"
        if breaker.open_until is not None:
            state = "half-open" if breaker.open_until <= clock.now() else "open"
        return Health(
            state,
            breaker.failures,
            breaker.open_until,
            breaker.reason,
            len(keys_of(channel)),
            ring.resting(channel),
        )

    def names(self, endpoint: Endpoint, model: str) -> bool:
        """Say whether a channel relays a model and says so by name or pattern."""
        return self.router.names(self._catalogue.channels, endpoint, model)

    def offers(self, endpoint: Endpoint, model: str) -> bool:
        """Say whether any enabled channel would relay a model, named there or not."""
        channels, router = self._catalogue.channels, self.router
        return any(
            c.enabled and router.serves(c, endpoint) and router.offers(c, endpoint, model)
            for c in channels
        )

    def models(self, key: ApiKey) -> dict[str, str]:
        """Return the models that channels name in full, with the provider of each."""
        channels = self._catalogue.channels
        usable = [c for c in channels if c.provider == SANDBOX] if key.test else channels
        return self.router.listed(usable)

    def tariff(self, key: ApiKey, model: str) -> Tariff:
        """Return what a model costs; raises UnknownModel when nobody set a price."""
        key.check_action(model)
        if key.test:
            return _FREE
        found = self._find_tariff(model, key.price_group)
        if found is None:
            raise UnknownModel(
                f"the model {model!r} has no price here: an operator must set "
                f"openai@{model}:input and :output (or openai@*:… for every model)",
                param="model",
            )
        return found

    def _find_tariff(self, model: str, group: str) -> Tariff | None:
        prices = self._catalogue.prices
        if prices is not self._tariffs_of or len(self._tariffs) > _TARIFFS:
            self._tariffs, self._tariffs_of = {}, prices
        name = (model, group)
        found = self._tariffs.get(name)
        if found is None and name not in self._tariffs:
            found = find_tariff(prices, model)
            factor = group_factor(prices, group)
            if found is not None and factor != DOLLAR:
                found = found.times(factor)
            self._tariffs[name] = found
        return found

    async def relay(self, key: ApiKey, demand: Demand, show: Show) -> None:
        """Make a call and show its answer; when `show` returns, the call ends and is settled.

        Raises a CallerError when the call cannot be made and a ProviderError when no
        channel answered; then nothing is charged.
        """
        # Which channel comes first: an unknown model is a plainer error than a missing price.
        if demand.previous_id:
            channel, fingerprint = await self.find_stored(key, demand.previous_id)
            channels = [channel]
        else:
            channels, fingerprint = self._channels(key, demand), ""
        tariff = self.tariff(key, demand.model)
        opening = self._open(key, demand, tariff)
        is_open = not tariff.is_free or demand.again is not None or is_limited(key)
        if is_open:
            begun = await self._writer.write(opening, lasting=False)
            if begun.kept is not None:
                await show(_given_again(begun.call, begun.kept))
                return
            self.leases.add(opening.call)
        else:
            begun = Begun(opening.call)
        ending = Ending(self, opening, demand, tariff, is_open)
        try:
            async with await self.attempts.open(channels, demand.write, fingerprint) as opened:
                await show(ending.begin(opened, self._total_s, begun.allowances))
        except GessoError as error:
            ending.error = error.message
            raise
        finally:
            ending.settle()

    async def find_stored(self, key: ApiKey, response_id: str) -> tuple[Channel, str]:
        """Return the channel and the key's fingerprint that made a stored response."""
        async with self._database.reading() as connection:
            call = await calls.find_by_upstream_id(connection, key.account_id, response_id)
        channel = self._catalogue.channel(call.channel_id) if call else None
        if call is None or channel is None:
            raise NotFound(f"Response with id '{response_id[:80]}' not found.", param="id")
        return channel, call.upstream_key

    async def get_call(self, key: ApiKey, call_id: str) -> Call:
        """Return a call of the key's account; raises NotFound, also before it is stored."""
        async with self._database.reading() as connection:
            call = (await calls.find(connection, [call_id])).get(call_id)
        if call is None or call.account_id != key.account_id:
            raise NotFound(f"no such call: {call_id[:60]}")
        return call

    async def ask_stored(self, key: ApiKey, response_id: str, ask: Ask) -> Opened:
        """Ask about a stored response, where it was made; costs nothing."""
        channel, fingerprint = await self.find_stored(key, response_id)
        return await self.attempts.open([channel], lambda _: ask, fingerprint)

    async def drain(self) -> None:
        """Wait until every ended call is settled."""
        end_s = time.monotonic() + 10
        # What is counted first is written down after that.
        while self._settling and (left_s := end_s - time.monotonic()) > 0:
            await asyncio.wait(self._settling, timeout=left_s)

    def _channels(self, key: ApiKey, demand: Demand) -> list[Channel]:
        channels = self._catalogue.channels
        only = SANDBOX if key.test else None
        try:
            return self.router.order(channels, demand.endpoint, demand.model, only)
        except UnknownModel as error:
            if not key.test:
                raise
            own = ", ".join(sorted(set(SANDBOX_MODELS.values())))
            message = f"test keys work with the sandbox's models only: {own}"
            raise UnknownModel(message, param="model") from error

    def _open(self, key: ApiKey, demand: Demand, tariff: Tariff) -> Open:
        now = clock.now()
        price_nanos = tariff.cost(demand.foreseen, quality=demand.quality)
        # By their places: names take twice as long.
        call = Call(
            ids.new_call_id(now), key.account_id, key.id, demand.endpoint._value_, demand.model,
            tariff.key, price_nanos, now, now + LEASE,
        )  # fmt: skip
        return Open(key, call, demand.foreseen, demand.again)

    def settle(
        self, opening: Open, outcome: Outcome, *, is_open: bool
    ) -> asyncio.Future[Call | None]:
        """Write down how a call ended; only who names it again waits for it."""
        call = opening.call
        operation: Operation[Call | None]
        operation = Settle(opening, outcome) if is_open else Keep(call, outcome)
        waits = outcome.upstream_id is not None or outcome.kept is not None
        future = self._writer.put(operation, lasting=False, later=not waits)
        self.watch(future, call)
        return future

    def watch(self, settling: asyncio.Future[Any], call: Call) -> None:
        """Wait for a part of a call's settlement before this process ends."""

        def done(part: asyncio.Future[Any]) -> None:
            self._settling.discard(part)
            self.leases.drop(call)
            if not part.cancelled() and (error := part.exception()) is not None:
                # The lease runs out, and the sweep gives the money back: in doubt we lose.
                log.error("call_not_settled", call=call.id, exc_info=error)

        self._settling.add(settling)
        settling.add_done_callback(done)


def _given_again(call: Call, kept: Kept) -> Relayed:
    """Return an answer that was given before."""

    async def chunks() -> AsyncIterator[bytes]:
        yield kept.body

    kind = kept.content_type
    is_stream = kind.startswith("text/event-stream")
    return Relayed(call, kept.status, kind, is_stream, "", chunks())
