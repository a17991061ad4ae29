"""Relay a call: price, hold, find a channel that answers, pass the bytes on, settle.

A call fails over to other keys and channels until the first byte of an answer is there;
after that the caller has it, and what was used is charged even when the caller leaves.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from gesso.domain import ids
from gesso.domain.call import Call, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.channel import Channel
from gesso.domain.errors import GessoError, NoChannel, NotFound, RateLimited, UnknownModel
from gesso.domain.relay import Ask, Endpoint
from gesso.kit import clock
from gesso.ledger.model_prices import Tariff, find_tariff
from gesso.services.catalogue import Catalogue
from gesso.services.relay_money import LEASE, Keep, Leases, Open, Outcome, Settle
from gesso.services.relay_route import Router
from gesso.services.relay_try import Attempts, Opened
from gesso.services.relay_usage import BodyMeter, EventMeter
from gesso.storage import calls
from gesso.storage.database import Database
from gesso.storage.writer import Writer

log = structlog.get_logger()

#: HTTP status in the row of a call whose caller left before there was an answer.
LEFT = 499
#: Most models whose price is kept at hand.
_TARIFFS = 1000


@dataclass(frozen=True, slots=True)
class Demand:
    """One call that a caller wants relayed."""

    endpoint: Endpoint
    model: str
    write: Callable[[Channel], Ask]  #: The request as a channel's upstream gets it.
    foreseen: Usage = field(default_factory=Usage)  #: At most this is used; it is held.
    hides_usage: bool = False  #: Whether the chunk with the usage was ours to ask for.
    quality: str = ""  #: Of pictures, for their price.
    previous_id: str = ""  #: A stored response; the call goes where that was made.


@dataclass(slots=True)
class Relayed:
    """The answer that a caller gets."""

    call: Call
    status: int
    content_type: str
    is_stream: bool
    chunks: AsyncIterator[bytes]  #: Raises Unavailable when the upstream breaks off.


class Relayer:
    """Relays calls for one process."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        catalogue: Catalogue,
        router: Router,
        attempts: Attempts,
        *,
        total_s: float,
    ) -> None:
        """Hold the books, the channels and how long one call may last."""
        self._database = database
        self._writer = writer
        self._catalogue = catalogue
        self.router = router
        self.leases = Leases(database)
        self._attempts = attempts
        self._total_s = total_s
        self._running: Counter[str] = Counter()
        self._tariffs: dict[str, Tariff | None] = {}
        self._tariffs_of: object = None  #: The price list that they were read from.
        self._settling: set[asyncio.Task[None]] = set()

    def names(self, endpoint: Endpoint, model: str) -> bool:
        """Say whether a channel relays a model and says so by name or pattern."""
        return self.router.names(self._catalogue.channels, endpoint, model)

    def models(self) -> set[str]:
        """Return the models that channels name in full."""
        return self.router.listed(self._catalogue.channels)

    def tariff(self, key: ApiKey, model: str) -> Tariff:
        """Return what a model costs; raises UnknownModel when nobody set a price."""
        key.check_action(model)
        if key.test:
            raise NoChannel("test keys work on the sandbox only, which has no such model")
        found = self._find_tariff(model)
        if found is None:
            raise UnknownModel(
                f"the model {model!r} has no price here: an operator must set "
                f"openai@{model}:input and :output (or openai@*:… for every model)",
                param="model",
            )
        return found

    def _find_tariff(self, model: str) -> Tariff | None:
        prices = self._catalogue.prices
        if prices is not self._tariffs_of or len(self._tariffs) > _TARIFFS:
            self._tariffs, self._tariffs_of = {}, prices
        if model not in self._tariffs:
            self._tariffs[model] = find_tariff(prices, model)
        return self._tariffs[model]

    @asynccontextmanager
    async def relay(self, key: ApiKey, demand: Demand) -> AsyncIterator[Relayed]:
        """Open the answer to a call; leaving the block stops the upstream and settles.

        Raises a CallerError when the call cannot be made and a ProviderError when no
        channel answered; then nothing is charged.
        """
        # Which channel comes first: an unknown model is a plainer error than a missing price.
        channels, fingerprint = await self._channels(key, demand)
        tariff = self.tariff(key, demand.model)
        self._check_concurrency(key)
        self._running[key.id] += 1
        try:
            call = await self._begin(key, demand, tariff)
            ending = _Ending(self, call, demand, tariff)
            try:
                async with AsyncExitStack() as stack:
                    opened = await self._attempts.open(stack, channels, demand.write, fingerprint)
                    yield ending.begin(opened, self._total_s)
            except GessoError as error:
                ending.error = error.message
                raise
            finally:
                ending.settle()
        finally:
            self._running[key.id] -= 1
            if not self._running[key.id]:
                del self._running[key.id]

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
            found = await calls.find_all(connection, [call_id])
        if not found or found[0].account_id != key.account_id:
            raise NotFound(f"no such call: {call_id[:60]}")
        return found[0]

    @asynccontextmanager
    async def ask_stored(self, key: ApiKey, response_id: str, ask: Ask) -> AsyncIterator[Opened]:
        """Ask about a stored response, where it was made; costs nothing."""
        channel, fingerprint = await self.find_stored(key, response_id)
        async with AsyncExitStack() as stack:
            yield await self._attempts.open(stack, [channel], lambda _: ask, fingerprint)

    async def drain(self) -> None:
        """Wait until every ended call is settled."""
        if self._settling:
            await asyncio.wait(self._settling, timeout=10)

    async def _channels(self, key: ApiKey, demand: Demand) -> tuple[list[Channel], str]:
        if demand.previous_id:
            channel, fingerprint = await self.find_stored(key, demand.previous_id)
            return [channel], fingerprint
        found = self.router.order(self._catalogue.channels, demand.endpoint, demand.model)
        return found, ""

    def _check_concurrency(self, key: ApiKey) -> None:
        if key.concurrency and self._running[key.id] >= key.concurrency:
            raise RateLimited(
                f"this key may have {key.concurrency} open calls at once",
                facts={"retry_after_s": 1.0},
            )

    async def _begin(self, key: ApiKey, demand: Demand, tariff: Tariff) -> Call:
        now = clock.now()
        call = Call(
            id=ids.new_id("call"),
            account_id=key.account_id,
            key_id=key.id,
            endpoint=demand.endpoint.value,
            model=demand.model,
            price_key=tariff.key,
            price_nanos=tariff.cost(demand.foreseen, quality=demand.quality),
            started_at=now,
            lease_until=now + LEASE,
        )
        if tariff.is_free:
            return call
        call = await self._writer.write(Open(key, call))
        self.leases.add(call)
        return call

    def settle(self, call: Call, outcome: Outcome) -> None:
        """Write down how a call ended; the caller does not wait for it."""
        held = call.price_nanos > 0
        operation = Settle(call, outcome) if held else Keep(call, outcome)

        async def write() -> None:
            try:
                await self._writer.write(operation)
            except Exception:
                # The lease runs out, and the sweep gives the money back: in doubt we lose.
                log.exception("call_not_settled", call=call.id)
            finally:
                self.leases.drop(call)

        task = asyncio.create_task(write())
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)


class _Ending:
    """How a call ends, whatever happens; settles it once."""

    def __init__(self, relayer: Relayer, call: Call, demand: Demand, tariff: Tariff) -> None:
        self._relayer = relayer
        self._call = call
        self._demand = demand
        self._tariff = tariff
        self._opened: Opened | None = None
        self._meter: EventMeter | BodyMeter | None = None
        self._settled = False
        self.error: str | None = None

    def begin(self, opened: Opened, total_s: float) -> Relayed:
        """Note where the answer comes from and let it through a meter."""
        self._opened = opened
        kind = opened.headers.get("content-type", "")
        is_stream = kind.startswith("text/event-stream")
        if opened.status < 400:
            self._meter = (
                EventMeter(hides_usage=self._demand.hides_usage) if is_stream else BodyMeter(kind)
            )
        chunks = self._pass(opened, time.monotonic() + total_s)
        return Relayed(self._call, opened.status, kind, is_stream, chunks)

    async def _pass(self, opened: Opened, end_s: float) -> AsyncIterator[bytes]:
        meter = self._meter
        try:
            async for chunk in opened.chunks:
                passed = meter.feed(chunk) if meter else chunk
                if meter is not None and meter.done:
                    # Settled before the caller can know that the answer is whole: the money
                    # that is left over is there again for the caller's next request.
                    self.settle()
                if passed:
                    yield passed
                if time.monotonic() > end_s:
                    self.error = "the call took longer than the gateway allows"
                    break
            rest = meter.flush() if meter else b""
            self.settle()
            if rest:
                yield rest
        except GessoError as error:
            self.error = error.message
            opened.broke(error.message)
            raise

    def settle(self) -> None:
        """Charge what was used, once."""
        if self._settled:
            return
        self._settled = True
        opened, usage, cost = self._opened, Usage(), 0
        if self._meter is not None:
            usage = self._meter.usage(self._demand.foreseen)
            cost = self._tariff.cost(usage, quality=self._demand.quality)
        status = opened.status if opened else (502 if self.error else LEFT)
        outcome = Outcome(
            usage=usage,
            cost_nanos=cost,
            status=status,
            channel_id=opened.channel.id if opened else None,
            upstream_id=self._meter.upstream_id if self._meter else None,
            upstream_key=opened.fingerprint if opened else "",
            error=self.error,
        )
        self._relayer.settle(self._call, replace(outcome, error=(self.error or "")[:500] or None))
