"""How a relayed call ends: its answer passes by, is counted on the way, and settled once."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

from gesso.domain.call import Call, Usage
from gesso.domain.errors import GessoError, Unavailable
from gesso.domain.limits import Allowance
from gesso.ledger.model_prices import Tariff
from gesso.services.relay_again import Keeper, Kept
from gesso.services.relay_demand import Demand, Relayed
from gesso.services.relay_money import Open, Outcome
from gesso.services.relay_try import Opened
from gesso.services.relay_usage import BodyMeter, EventMeter

#: HTTP status in the row of a call whose caller left before there was an answer.
LEFT = 499


class Settler(Protocol):
    """Who writes down how calls ended."""

    def settle(
        self, opening: Open, outcome: Outcome, *, is_open: bool
    ) -> asyncio.Future[Call | None]:
        """Write down how a call ended."""

    def watch(self, settling: asyncio.Future[Any], call: Call) -> None:
        """Wait for a part of a call's settlement before this process ends."""


class Ending:
    """How a call ends, whatever happens; settles it once."""

    def __init__(
        self, settler: Settler, opening: Open, demand: Demand, tariff: Tariff, is_open: bool
    ) -> None:
        """Take the call, its price, and whether it stands in the books already."""
        self._settler = settler
        self._opening = opening
        self._is_open = is_open
        self._keeper = Keeper() if demand.again else None
        self._kept: Kept | None = None
        self._demand = demand
        self._tariff = tariff
        self._opened: Opened | None = None
        self._meter: EventMeter | BodyMeter | None = None
        self._settled = False
        self._garbled = False
        self._written: asyncio.Future[Call | None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self.error: str | None = None

    def begin(self, opened: Opened, total_s: float, allowances: tuple[Allowance, ...]) -> Relayed:
        """Note where the answer comes from and let it through a meter."""
        self._opened = opened
        kind = opened.headers.get("content-type", "")
        is_stream = kind.startswith("text/event-stream")
        if opened.status < 400:
            self._meter = (
                EventMeter(hides_usage=self._demand.hides_usage, model=self._demand.model)
                if is_stream
                else BodyMeter(
                    kind,
                    model=self._demand.model,
                    pictures=bool(self._demand.foreseen.pictures),
                )
            )
        chunks = Passing(self, opened, time.monotonic() + total_s)
        wait = opened.headers.get("retry-after", "")
        call = self._opening.call
        whole = None if opened.whole is None else chunks.whole
        return Relayed(call, opened.status, kind, is_stream, wait, chunks, allowances, whole)

    def take(self, chunk: bytes) -> bytes:
        """Let a piece through the meter; returns what goes to the caller."""
        passed = chunk if self._meter is None else self._meter.feed(chunk)
        if self._keeper is not None:
            self._keeper.feed(passed)
        return passed

    @property
    def is_heard_out(self) -> bool:
        """Whether the upstream said that this is all."""
        return self._meter is not None and self._meter.done

    def end(self, opened: Opened) -> bytes:
        """Settle an answer that has come to its end; returns what the meter held back."""
        rest = self._flush()
        if self._keeper is not None:
            self._keeper.feed(rest)
        self.finish(opened)
        return rest

    def _flush(self) -> bytes:
        """Return what the meter held back; an answer that is garbage is not paid for."""
        if self._meter is None:
            return b""
        try:
            return self._meter.flush()
        except Unavailable:
            self._meter, self._garbled = None, True
            raise

    def finish(self, opened: Opened) -> None:
        """Settle an answer that is whole, and keep it for a caller who may ask again."""
        if self._keeper and not self.error and not self._settled:
            kind = opened.headers.get("content-type", "")
            self._kept = self._keeper.take(opened.status, kind)
        self.settle()

    @property
    def unwritten(self) -> asyncio.Future[Any] | None:
        """What is waited for next before the caller has all of it; None when nothing is.

        A stored response is written down first: the next request may name it, here or at
        another process.
        """
        if self._counting is not None and not self._counting.done():
            return self._counting
        written = self._written
        is_named = self._meter is not None and self._meter.upstream_id
        return written if is_named and written is not None and not written.done() else None

    def settle(self) -> None:
        """Charge what was used, once; what the upstream did not tell is counted first."""
        if self._settled:
            return
        self._settled = True
        meter = self._meter
        if meter is None:
            self._write(Usage(), 0)
        elif (told := meter.told(self._demand.foreseen)) is not None:
            self._charge(told)
        else:
            # Its own task, for the caller may be gone: what was used is paid nevertheless.
            self._counting = asyncio.create_task(self._count(meter))
            self._settler.watch(self._counting, self._opening.call)

    async def _count(self, meter: EventMeter | BodyMeter) -> None:
        demand = self._demand
        usage = await asyncio.to_thread(meter.usage, demand.foreseen, demand.count_prompt)
        self._charge(usage)

    def _charge(self, usage: Usage) -> None:
        self._write(usage, self._tariff.cost(usage, quality=self._demand.quality))

    def _write(self, usage: Usage, cost_nanos: int) -> None:
        opened = self._opened
        status = opened.status if opened and not self._garbled else (502 if self.error else LEFT)
        outcome = Outcome(
            usage,
            cost_nanos,
            status,
            opened.channel.id if opened else None,
            self._meter.upstream_id if self._meter else None,
            opened.fingerprint if opened else "",
            self.error[:500] if self.error else None,
            self._kept,
        )
        self._written = self._settler.settle(self._opening, outcome, is_open=self._is_open)


class Passing:
    """The body of an answer on its way to the caller; a class, as it costs half of a generator."""

    __slots__ = ("_end_s", "_ending", "_is_over", "_opened")

    def __init__(self, ending: Ending, opened: Opened, end_s: float) -> None:
        """Take what counts it, where it comes from, and when (monotonic) it is broken off."""
        self._ending = ending
        self._opened = opened
        self._end_s = end_s
        self._is_over = False

    async def whole(self) -> bytes:
        """Return all of a body that is here."""
        ending, opened = self._ending, self._opened
        self._is_over = True
        try:
            body = ending.take(opened.whole or b"") + ending.end(opened)
            if ending.unwritten is not None:
                await _written(ending)
            return body
        except GessoError as error:
            self._break(error)
            raise

    def __aiter__(self) -> Passing:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next piece; raises Unavailable when the upstream breaks off."""
        ending, opened = self._ending, self._opened
        try:
            while not self._is_over:
                if time.monotonic() > self._end_s:
                    ending.error = "the call took longer than the gateway allows"
                    break
                try:
                    chunk = await anext(opened.chunks)
                except StopAsyncIteration:
                    break
                passed = ending.take(chunk)
                if ending.is_heard_out:
                    # Settled before the caller can know that the answer is whole: the money
                    # that is left over is there again for the caller's next request.
                    ending.finish(opened)
                    await _written(ending)
                if passed:
                    return passed
            if not self._is_over:
                self._is_over = True
                rest = ending.end(opened)
                await _written(ending)
                if rest:
                    return rest
        except GessoError as error:
            self._break(error)
            raise
        raise StopAsyncIteration

    def _break(self, error: GessoError) -> None:
        self._ending.error = error.message
        self._opened.broke(error.message)


async def _written(ending: Ending) -> None:
    while (part := ending.unwritten) is not None:
        await asyncio.wait([part])
