"""Any upstream that speaks the OpenAI wire: relays calls as they are, byte for byte.

Options of a channel: `api_key` or `keys` (several), `models`, `model_map`, `endpoints`,
`organization`, `project`, `proxy`; the base URL is what stands before `/chat/completions`, such as
`https://api.openai.com/v1`. Spec: wire/openai.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError, ReadTimeoutError
from pyreqwest.http import HeaderMap
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.response import Response

from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, Refused, Unavailable
from gesso.domain.model import names
from gesso.domain.provider import Job, Manifest, Option, Progress
from gesso.domain.relay import Ask, Endpoint, Reply


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
        self._clients: dict[str, Client] = {}

    def relay(self, channel: Channel, key: str, ask: Ask) -> AbstractAsyncContextManager[Reply]:
        """Send one request and open its answer, whatever status it has."""
        url = f"{channel.base_url.rstrip('/')}/{ask.path}"
        try:
            client = self._open(channel)
            request = client.request(ask.method, url).headers(_headers(channel, key, ask))
        except (ValueError, PyreqwestError) as error:
            raise Unavailable("the channel's base URL, key or proxy cannot be used") from error
        if callable(ask.body):
            request = request.body_stream(ask.body())
        elif ask.body:
            request = request.body_bytes(ask.body)
        if not ask.waits:
            # Without this, chunks would gather before the first of them is handed on.
            request = request.streamed_read_buffer_limit(0)
        return _Exchange(request.build_streamed(), self._first_byte_s, self._idle_s)

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

    def _open(self, channel: Channel) -> Client:
        """Return the client of a proxy or of none, made inside the running loop.

        Redirects are not followed: they would carry keys.
        """
        proxy = str(channel.options.get("proxy") or "")
        if proxy not in self._clients:
            builder = ClientBuilder().no_proxy().follow_redirects(False).user_agent("gesso")
            if proxy:
                builder = builder.proxy(ProxyBuilder.all(proxy))
            # Packed answers would have to be unpacked to count what they used.
            builder = builder.gzip(False).brotli(False).zstd(False).deflate(False)
            builder = builder.connect_timeout(timedelta(seconds=self._connect_s))
            # The client's timer knows one time only; the shorter one is measured beside it.
            longest = max(self._first_byte_s, self._idle_s)
            self._clients[proxy] = builder.read_timeout(timedelta(seconds=longest)).build()
        return self._clients[proxy]

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

    __slots__ = ("_first_byte_s", "_idle_s", "_opened")

    def __init__(self, opened: Any, first_byte_s: float, idle_s: float) -> None:
        """Take the request as it was built and how long the upstream may be silent."""
        self._opened = opened
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s

    async def __aenter__(self) -> Reply:
        try:
            if self._first_byte_s < self._idle_s:
                async with asyncio.timeout(self._first_byte_s):
                    response = await self._opened.__aenter__()
            else:
                response = await self._opened.__aenter__()
        except (TimeoutError, ReadTimeoutError) as error:
            raise Unavailable(f"no first byte within {self._first_byte_s:g} s") from error
        except (ConnectError, ConnectTimeoutError) as error:
            raise Unavailable("cannot connect") from error
        except PyreqwestError as error:
            raise Unavailable(f"the connection broke ({type(error).__name__})") from error
        return Reply(response.status, _Head(response.headers), self._chunks(response))

    async def __aexit__(self, *_: object) -> None:
        await self._opened.__aexit__(None, None, None)

    async def _chunks(self, response: Response) -> AsyncIterator[bytes]:
        read = response.body_reader.read_chunk
        limited = self._idle_s < self._first_byte_s
        try:
            while True:
                if limited:
                    async with asyncio.timeout(self._idle_s):
                        chunk = await read()
                else:
                    chunk = await read()
                if chunk is None:
                    return
                yield bytes(chunk)
        except (TimeoutError, ReadTimeoutError) as error:
            raise Unavailable(f"the upstream was silent for {self._idle_s:g} s") from error
        except PyreqwestError as error:
            raise Unavailable(f"the upstream broke off ({type(error).__name__})") from error


def open_provider(
    *,
    relay_connect_s: float = 5.0,
    relay_first_byte_s: float = 120.0,
    relay_idle_s: float = 120.0,
    **_: Any,
) -> OpenAI:
    """Open the relay."""
    return OpenAI(connect_s=relay_connect_s, first_byte_s=relay_first_byte_s, idle_s=relay_idle_s)


def _headers(channel: Channel, key: str, ask: Ask) -> dict[str, str]:
    headers = {"accept-encoding": "identity", **ask.headers}
    if key:
        headers["authorization"] = f"Bearer {key}"
    if ask.content_type:
        headers["content-type"] = ask.content_type
    if ask.size_bytes is not None:
        headers["content-length"] = str(ask.size_bytes)
    for option, name in (("organization", "openai-organization"), ("project", "openai-project")):
        if value := channel.options.get(option):
            headers[name] = str(value)
    return headers


class _Head(Mapping[str, str]):
    """The headers of an answer, read when they are asked for: few of them are."""

    __slots__ = ("_found",)

    def __init__(self, found: HeaderMap) -> None:
        """Take what the client found; it knows names in any case."""
        self._found = found

    def __getitem__(self, name: str) -> str:
        try:
            return self._found[name]
        except ValueError:
            # A header that is no text must not make the answer unreadable.
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name in self._found)

    def __len__(self) -> int:
        return self._found.keys_len()
