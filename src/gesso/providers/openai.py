"""Any upstream that speaks the OpenAI wire: relays calls as they are, byte for byte.

Options of a channel: `api_key` or `keys` (several), `models`, `model_map`, `endpoints`,
`organization`, `project`, `proxy`; the base URL is what stands before `/chat/completions`, such as
`https://api.openai.com/v1`. Spec: wire/openai.md.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, Refused, Unavailable
from gesso.domain.model import names
from gesso.domain.provider import Job, Manifest, Option, Progress
from gesso.domain.relay import Ask, Endpoint, Reply
from gesso.upstream.direct import Direct
from gesso.upstream.proxied import Proxied
from gesso.upstream.transfer import Broken, Caller, Sent, Transfer, Unreached, Unusable

_UNUSABLE = "the channel's base URL, key or proxy cannot be used"
#: So many ways are at hand: of a channel, one for each of its keys and for each endpoint.
_WAYS = 256


class _Way(NamedTuple):
    """Where the requests of a channel's key to an endpoint go, and what they say of themselves."""

    channel: Channel
    url: str
    headers: dict[str, str]
    caller: Caller


class OpenAI:
    """Relays calls."""

    manifest = Manifest(
        name="openai",
        title="OpenAI-compatible API",
        about="Relays chat, embeddings, images and audio to any API of the OpenAI wire.",
        actions=frozenset(),
        needs_base_url=True,
        options=(
            Option("api_key", "The upstream's API key.", secret=True),
            Option("keys", "Several keys, used in turn.", secret=True),
            Option("models", "Models that are offered; empty offers all."),
            Option("model_map", "JSON object: our name of a model → the upstream's."),
            Option("endpoints", "Endpoints that are relayed; empty relays all."),
            Option("organization", "Sent as `OpenAI-Organization`."),
            Option("project", "Sent as `OpenAI-Project`."),
            Option("proxy", "Proxy URL that calls go through.", secret=True),
        ),
    )
    endpoints = frozenset(Endpoint)
    models: Mapping[Endpoint, frozenset[str]] = {}  # only the upstream knows

    def __init__(self, *, connect_s: float, first_byte_s: float, idle_s: float) -> None:
        """Take how long connecting, the first byte and each further one may take."""
        self._connect_s = connect_s
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s
        self._callers: dict[str, Caller] = {}
        self._ways: dict[tuple[str, str, str, str], _Way] = {}

    def relay(self, channel: Channel, key: str, ask: Ask) -> AbstractAsyncContextManager[Reply]:
        """Send one request and open its answer, whatever status it has."""
        try:
            way = self._way(channel, key, ask)
            sent = Sent(ask.method, way.url, way.headers, ask.body, ask.size_bytes)
            found = way.caller.send(sent)
        except Unusable as error:
            raise Unavailable(_UNUSABLE) from error
        return _Exchange(found, self._first_byte_s, self._idle_s)

    def _way(self, channel: Channel, key: str, ask: Ask) -> _Way:
        """Return a way that is known, as long as it is the same channel; raises Unusable."""
        name = (channel.id, key, ask.path, ask.content_type)
        way = self._ways.get(name)
        if way is None or way.channel is not channel:
            if len(self._ways) >= _WAYS:
                self._ways.clear()
            url = f"{channel.base_url.rstrip('/')}/{ask.path}"
            way = _Way(channel, url, _headers(channel, key, ask.content_type), self._open(channel))
            self._ways[name] = way
        return way

    async def probe(self, channel: Channel) -> None:
        """Ask for the list of models, which costs nothing, with the channel's first key.

        Raises Locked when the key is refused. An upstream without such a list is well.
        """
        keys = (*names(channel, "api_key"), *names(channel, "keys"), "")
        async with self.relay(channel, keys[0], Ask("models", "GET", waits=True)) as reply:
            if reply.status in (401, 403):
                raise Locked(f"the upstream refuses the key (HTTP {reply.status})")
            if reply.status == 429 or reply.status >= 500 or 300 <= reply.status < 400:
                raise Unavailable(f"HTTP {reply.status}")

    def _open(self, channel: Channel) -> Caller:
        """Return the client of a proxy or of none, made inside the running loop."""
        proxy = str(channel.options.get("proxy") or "")
        if proxy not in self._callers:
            # The client's timer knows one time only; the shorter one is measured beside it.
            silence_s = max(self._first_byte_s, self._idle_s)
            self._callers[proxy] = (
                Proxied(proxy, connect_s=self._connect_s, silence_s=silence_s)
                if proxy
                else Direct(connect_s=self._connect_s)
            )
        return self._callers[proxy]

    # This upstream takes calls, not tasks; no task is ever routed here.

    async def submit(self, job: Job) -> str:
        """Refuse: there are no tasks on this wire."""
        raise Refused("this upstream relays calls and takes no tasks")

    async def find(self, job: Job) -> str | None:
        """Find nothing: no task was ever started here."""
        return None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Refuse: there are no tasks on this wire."""
        raise Refused("this upstream relays calls and takes no tasks")

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Do nothing: a relayed call ends with its connection."""


class _Exchange:
    """One request and its answer; a class, because a generator per call costs as much again."""

    __slots__ = ("_first_byte_s", "_idle_s", "_transfer")

    def __init__(self, transfer: Transfer, first_byte_s: float, idle_s: float) -> None:
        """Take the request as it was sent and how long the upstream may be silent."""
        self._transfer = transfer
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s

    async def __aenter__(self) -> Reply:
        transfer = self._transfer
        try:
            await transfer.head(self._first_byte_s)
        except BaseException as error:
            await transfer.close()
            if isinstance(error, TimeoutError):
                message = f"no first byte within {self._first_byte_s:g} s"
                raise Unavailable(message) from error
            if isinstance(error, Unusable):
                raise Unavailable(_UNUSABLE) from error
            if isinstance(error, Unreached):
                raise Unavailable(f"cannot connect: {error}") from error
            if isinstance(error, Broken):
                raise Unavailable(f"the connection broke ({error})") from error
            raise
        return Reply(transfer.status, transfer.headers, self, whole=transfer.take_whole())

    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        return self._transfer.close()

    def __aiter__(self) -> _Exchange:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._transfer.read(self._idle_s)
        except TimeoutError as error:
            raise Unavailable(f"the upstream was silent for {self._idle_s:g} s") from error
        except Broken as error:
            raise Unavailable(f"the upstream broke off ({error})") from error
        if not chunk:
            raise StopAsyncIteration
        return chunk


def open_provider(
    *,
    relay_connect_s: float = 5.0,
    relay_first_byte_s: float = 120.0,
    relay_idle_s: float = 120.0,
    **_: Any,
) -> OpenAI:
    """Open the relay."""
    return OpenAI(connect_s=relay_connect_s, first_byte_s=relay_first_byte_s, idle_s=relay_idle_s)


def _headers(channel: Channel, key: str, content_type: str) -> dict[str, str]:
    headers = {"accept-encoding": "identity"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    if content_type:
        headers["content-type"] = content_type
    for option, name in (("organization", "openai-organization"), ("project", "openai-project")):
        if value := channel.options.get(option):
            headers[name] = str(value)
    return headers
