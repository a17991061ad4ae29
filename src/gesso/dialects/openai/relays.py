"""Handlers of what is relayed with a JSON body, and the way an answer goes to the caller."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

import msgspec

from gesso.dialects.openai import prompts, requests, wire
from gesso.dialects.openai.door import Bounds, Visit, WhileHere
from gesso.dialects.openai.forms import Form
from gesso.dialects.openai.requests import Body
from gesso.domain.caller import ApiKey
from gesso.domain.errors import GessoError, InvalidOrder, NotFound, QueueFull, Unavailable
from gesso.domain.relay import Ask, Endpoint
from gesso.http import headers
from gesso.http.faults import status_of
from gesso.services.relay import Relayer
from gesso.services.relay_again import Again
from gesso.services.relay_demand import Demand, Relayed

#: A JSON answer up to this size goes out in one piece, once it is whole, in bytes.
_WHOLE = 1024 * 1024
#: Bodies above this are read in a thread, so that nobody else waits for them, in bytes.
_LARGE = 256 * 1024
_KEY_CHARS = 240
#: The model of moderations that name none, as the wire has it.
_MODERATION = "omni-moderation-latest"
_STREAMING = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]

#: Takes a request for itself and answers it; None for one that it leaves.
Other = Callable[[Visit, ApiKey, Body], Awaitable[None] | None]


class Relays:
    """Takes JSON requests and hands back what upstreams answer."""

    def __init__(self, relayer: Relayer, bounds: Bounds) -> None:
        """Hold the relayer and the limits."""
        self._relayer = relayer
        self._bounds = bounds
        self.buffered = 0  #: Bytes of bodies in memory.

    def of(
        self, endpoint: Endpoint, other: Other | None = None
    ) -> Callable[[Visit], Awaitable[None]]:
        """Return the handler of an endpoint; `other` may take a request for itself."""

        async def handle(visit: Visit) -> None:
            key = await visit.admit()
            with self.room_for(visit):
                raw = await visit.read(self._bounds.body_bytes)
                if endpoint is Endpoint.MODERATIONS:
                    raw = requests.with_model(raw, _MODERATION)
                large = len(raw) > _LARGE
                body = await asyncio.to_thread(_read, raw) if large else Body(raw)
                requests.check(endpoint, body, most_messages=self._bounds.messages)
                taken = None if other is None else other(visit, key, body)
                if taken is not None:
                    await taken
                    return
                again = repeatable(visit, endpoint, raw)
                if large:
                    demand = await asyncio.to_thread(self.demand, endpoint, body, again)
                else:
                    demand = self.demand(endpoint, body, again)
                with WhileHere(visit):
                    await self._relay(visit, key, demand)

        return handle

    def room_for(self, visit: Visit) -> AbstractContextManager[None]:
        """Keep memory for the body of a request; raises QueueFull when others fill it."""
        declared = headers.find(visit.scope, b"content-length")
        # A body that does not say its size may be as large as any.
        size = int(declared[:15]) if declared.isdecimal() else self._bounds.body_bytes
        size = min(size, self._bounds.body_bytes)
        if self.buffered and self.buffered + size > self._bounds.buffer_bytes:
            raise QueueFull("too many large requests at once; try again soon")
        return _Room(self, size)

    async def serve(self, visit: Visit, key: ApiKey, demand: Demand) -> None:
        """Relay one call to its end, or until the caller leaves."""
        with WhileHere(visit):
            await self._relay(visit, key, demand)

    def _relay(self, visit: Visit, key: ApiKey, demand: Demand) -> Awaitable[None]:
        return self._relayer.relay(key, demand, lambda relayed: _answer(visit, relayed))

    async def stored(self, visit: Visit) -> None:
        """GET, DELETE or cancel of a stored response, where it was made."""
        key = await visit.admit()
        response_id = visit.request.path_params["response_id"]
        rest = visit.request.path_params.get("rest", "")
        if rest not in {"", "cancel", "input_items"} or len(response_id) > 120:
            raise NotFound("there is no such path")
        path = f"responses/{response_id}" + (f"/{rest}" if rest else "")
        query = visit.request.url.query
        ask = Ask(f"{path}?{query}" if query else path, visit.request.method)

        with WhileHere(visit):
            async with await self._relayer.ask_stored(key, response_id, ask) as opened:
                kind = opened.headers.get("content-type", "application/json")
                await visit.begin(opened.status, kind)
                async for chunk in opened.chunks:
                    await visit.write(chunk)
                await visit.write(b"", more=False)

    async def receipt(self, visit: Visit) -> None:
        """GET /v1/calls/{call_id}: what a relayed call used and what it cost.

        Every answer names its call in the header `x-gesso-call`. The last event of a stream
        comes a moment before the call is settled: until then its state is `open`, or 404.
        """
        key = await visit.admit()
        call_id = visit.request.path_params["call_id"]
        call = await self._relayer.get_call(key, call_id)
        await visit.answer(200, wire.write_receipt(call))

    def demand(self, endpoint: Endpoint, body: Body, again: Again | None = None) -> Demand:
        """Return what a JSON request asks for, as it is relayed."""
        previous = body.value("previous_response_id") if endpoint is Endpoint.RESPONSES else None
        quality = body.value("quality") if endpoint is Endpoint.IMAGES else None
        counted = prompts.is_counted(endpoint)
        return Demand(
            endpoint,
            body.model,
            lambda channel: requests.write(endpoint, body, channel),
            requests.foresee(endpoint, body, output_tokens=self._bounds.output_tokens),
            requests.hides_usage(endpoint, body),
            quality if isinstance(quality, str) else "",
            previous if isinstance(previous, str) else "",
            again,
            (lambda: prompts.count(endpoint, body)) if counted else None,
        )


class _Room:
    """Memory for a body; a class, as a generator for each request costs more."""

    __slots__ = ("_relays", "_size")

    def __init__(self, relays: Relays, size_bytes: int) -> None:
        self._relays = relays
        self._size = size_bytes

    def __enter__(self) -> None:
        self._relays.buffered += self._size

    def __exit__(self, *_: object) -> None:
        self._relays.buffered -= self._size


async def repeatable_form(visit: Visit, endpoint: Endpoint, form: Form) -> Again | None:
    """Like `repeatable`, of a form: its boundary is another one every time."""
    if not headers.find(visit.scope, b"idempotency-key"):
        return None
    return repeatable(visit, endpoint, await form.digest())


def repeatable(visit: Visit, endpoint: Endpoint, raw: bytes) -> Again | None:
    """Return by what a request may be sent again, when its caller names it."""
    key = headers.find(visit.scope, b"idempotency-key")
    if not key:
        return None
    if len(key) > _KEY_CHARS:
        raise InvalidOrder(f"Idempotency-Key has {_KEY_CHARS} characters at most")
    return Again(key, hashlib.sha256(endpoint.encode() + b"\0" + raw).digest())


def _answer(visit: Visit, relayed: Relayed) -> Awaitable[None]:
    visit.allowances = relayed.allowances
    if relayed.status >= 400:
        return _refusal(visit, relayed)
    return _stream(visit, relayed) if relayed.is_stream else _body(visit, relayed)


async def _stream(visit: Visit, relayed: Relayed) -> None:
    await visit.begin(relayed.status, relayed.content_type, [*_STREAMING, _named(relayed)])
    try:
        async for chunk in relayed.chunks:
            await visit.write(chunk)
    except Unavailable as error:
        # The status is out long ago: the stream itself must say that it is not whole.
        await visit.write(wire.write_event(_envelope(error)))
    await visit.write(b"", more=False)


async def _body(visit: Visit, relayed: Relayed) -> None:
    """Send a body that is small in one piece, so that a broken one can still be an error."""
    kind = relayed.content_type or "application/octet-stream"
    if relayed.whole is not None:
        await visit.answer(relayed.status, await relayed.whole(), kind, [_named(relayed)])
        return
    kept: list[bytes] = []
    size = 0
    is_json = "json" in relayed.content_type
    async for chunk in relayed.chunks:
        if visit.started:
            await visit.write(chunk)
            continue
        kept.append(chunk)
        size += len(chunk)
        if size > _WHOLE or not is_json:
            await visit.begin(relayed.status, relayed.content_type, [_named(relayed)])
            await visit.write(b"".join(kept))
            kept.clear()
    if visit.started:
        await visit.write(b"", more=False)
    else:
        await visit.answer(relayed.status, b"".join(kept), kind, [_named(relayed)])


def _named(relayed: Relayed) -> tuple[bytes, bytes]:
    return b"x-gesso-call", relayed.call.id.encode()


async def _refusal(visit: Visit, relayed: Relayed) -> None:
    """Hand an upstream's refusal on; one without the envelope of this wire gets it."""
    body = b""
    async for chunk in relayed.chunks:
        body += chunk
        if len(body) > _LARGE:
            break
    try:
        shown = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        shown = {}
    if "error" not in shown:
        message = f"the upstream refuses the request (HTTP {relayed.status})"
        body = wire.write_error(message, "invalid_request_error", code="upstream_refused")
    wait = relayed.retry_after.encode("ascii", "ignore")
    await visit.answer(relayed.status, body, more=[(b"retry-after", wait)] if wait else None)


def _envelope(error: GessoError) -> bytes:
    _, kind, code = wire.read_error(error, status_of(error))
    return wire.write_error(error.message, kind, param=error.param, code=code)


def _read(raw: bytes) -> Body:
    """Read all that may be asked for of a large request."""
    body = Body(raw)
    body.fields  # noqa: B018 - what is asked for later is at hand then
    return body
