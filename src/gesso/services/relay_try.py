"""Try channels and their keys, one after the other, until one of them answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import structlog

from gesso.domain.channel import Channel
from gesso.domain.errors import GessoError, NoChannel, Refused, Unavailable
from gesso.domain.relay import Ask, Reply
from gesso.services.key_ring import BUSY_S, REFUSED_S, KeyRing, fingerprint_of
from gesso.services.relay_breaker import Breakers
from gesso.services.relay_route import Router

log = structlog.get_logger()

#: How long is waited before the first channel is asked again, when there is no other.
_BACKOFF_S = 0.2
_LONGEST_WAIT_S = 120.0
#: Statuses that say: not now, or not this key. The request itself may be good elsewhere.
_OURS = frozenset({401, 403})
_FAILING = frozenset({408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(slots=True)
class Opened:
    """An answer of an upstream: its head, and its body whose first part is already here."""

    channel: Channel
    fingerprint: str
    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    whole: bytes | None  #: All of it, where nothing has to be waited for.
    _breakers: Breakers
    _exchange: AbstractAsyncContextManager[Reply]

    async def __aenter__(self) -> Opened:
        """Begin the block in which it is read."""
        return self

    def __aexit__(self, *details: Any) -> Awaitable[bool | None]:
        """Close the connection: whatever the upstream still does, it may stop."""
        return self._exchange.__aexit__(*details)

    def broke(self, reason: str) -> None:
        """Note that the upstream broke off in mid-answer."""
        self._breakers.record_failure(self.channel.id, reason)


class Attempts:
    """Asks upstreams for one process."""

    def __init__(self, router: Router, ring: KeyRing, *, most: int) -> None:
        """Take who chooses, who has the keys and how often a call is tried at most."""
        self._router = router
        self._breakers = router.breakers
        self.ring = ring
        self._most = most

    async def open(
        self, channels: list[Channel], write: Callable[[Channel], Ask], fingerprint: str = ""
    ) -> Opened:
        """Return the first answer that is one, to be used as a context that closes it.

        Raises what the last channel failed with: Unavailable, Refused or NoChannel.
        """
        failure: GessoError | None = None
        waiting = list(channels)
        failing: list[Channel] = []
        passes = 0
        for _ in range(self._most):
            if not waiting:
                # Every channel failed: the first of them may have caught its breath.
                waiting = [c for c in failing if self._breakers.allows(c.id)]
                failing.clear()
                if not waiting:
                    break
                await asyncio.sleep(_BACKOFF_S * 2**passes)
                passes += 1
            channel = waiting[0]
            key = self.ring.take(channel, fingerprint=fingerprint)
            if key is None:
                failure = failure or Unavailable("every key rests", retry_after_s=BUSY_S)
                waiting.pop(0)
                continue
            try:
                return await self._ask(channel, key, write(channel))
            except _OtherKey as other:
                failure = other.error
                if not self.ring.has(channel, fingerprint=fingerprint):
                    waiting.pop(0)
            except Unavailable as error:
                self._breakers.record_failure(channel.id, error.message)
                log.warning("upstream_failed", channel=channel.id, reason=error.message)
                failure = error
                failing.append(waiting.pop(0))
        raise failure or NoChannel("every channel is busy")

    async def _ask(self, channel: Channel, key: str, ask: Ask) -> Opened:
        relay = self._router.relay_of(channel)
        if relay is None:
            raise NoChannel(f"the channel {channel.id} relays nothing")
        self._breakers.begin(channel.id)
        exchange = relay.relay(channel, key, ask)
        reply = await exchange.__aenter__()
        try:
            if not reply.is_final:
                self._check(channel, key, reply)
            first = reply.whole
            if first is None:
                first = await anext(reply.chunks, b"")
        except BaseException:
            await exchange.__aexit__(None, None, None)
            raise
        self._breakers.record_success(channel.id)
        return Opened(
            channel,
            fingerprint_of(key),
            reply.status,
            reply.headers,
            _Whole(first, reply.chunks),
            reply.whole,
            self._breakers,
            exchange,
        )

    def _check(self, channel: Channel, key: str, reply: Reply) -> None:
        """Raise what another key or channel may do better."""
        status = reply.status
        if status in _OURS:
            self.ring.rest(channel, key, REFUSED_S if status == 401 else BUSY_S)
            log.warning("upstream_refuses_key", channel=channel.id, status=status)
            raise _OtherKey(Refused(f"the upstream refuses the gateway's key (HTTP {status})"))
        if status == 429:
            wait_s = _seconds(reply.headers.get("retry-after", ""))
            self.ring.rest(channel, key, wait_s or BUSY_S)
            error = Unavailable("the upstream is busy (HTTP 429)", retry_after_s=wait_s)
            raise _OtherKey(error)
        if status in _FAILING:
            wait_s = _seconds(reply.headers.get("retry-after", ""))
            raise Unavailable(f"HTTP {status}", retry_after_s=wait_s)
        if reply.headers.get("content-type", "").startswith("text/html") and status < 300:
            raise Unavailable("the upstream answers with a web page")
        if 300 <= status < 400:
            raise Unavailable(f"the upstream redirects (HTTP {status}), which is not followed")


class _OtherKey(Exception):
    """This key will not do; `error` is what to say when no other will either."""

    def __init__(self, error: GessoError) -> None:
        super().__init__(error.message)
        self.error = error


class _Whole:
    """The first part of a body and the rest of it; a class, as it costs half of a generator."""

    __slots__ = ("_first", "_rest")

    def __init__(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        self._first = first
        self._rest = rest

    def __aiter__(self) -> _Whole:
        return self

    async def __anext__(self) -> bytes:
        if first := self._first:
            self._first = b""
            return first
        return await anext(self._rest)


def _seconds(header: str) -> float | None:
    """Return what Retry-After asks for, within reason; None for a date or nothing."""
    try:
        return min(max(float(header), 0.1), _LONGEST_WAIT_S)
    except ValueError:
        return None
