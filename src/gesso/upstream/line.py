"""The connection to one kind of upstream: calls that know what a failure means, and downloads.

What a failure means depends on whether it asks for work. A GET that fails may be asked
again. An order that fails is Unavailable only when it was surely not taken; otherwise it is
Uncertain, and nobody sends it again before `find` has looked.

No error of this file holds a URL, a host or a credential: customers read the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError
from pyreqwest.http import Url
from pyreqwest.response import Response

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Locked, Refused, Unavailable, Uncertain
from gesso.upstream.scrub import scrub

_CONNECT = timedelta(seconds=5)
#: Pictures and clips are large: they may take long as long as bytes keep coming.
_SILENCE = timedelta(seconds=30)
#: The largest answer that is not a picture: a list of some hundred tasks.
_ANSWER_BYTES = 32 * 1024 * 1024
#: An upstream that asks for more patience than this is asked earlier.
_LONGEST_WAIT_S = 120.0

Sign = Callable[[Channel], Mapping[str, str]]


class Missing(Exception):
    """A result's URL does not answer with its bytes; `str` says what it answered."""


@dataclass(frozen=True, slots=True)
class Form:
    """A body that is not JSON."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream said to an order: its status and its JSON object."""

    status: int
    body: Mapping[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether the status says that the order was taken."""
        return self.status < 300


class Line:
    """Calls upstreams of one wire."""

    def __init__(self, sign: Sign, *, max_result_bytes: int, answer_s: float = 30.0) -> None:
        """Take what headers show our credentials, the largest result, and the patience.

        Connections are made later, inside the running loop.
        """
        self._sign = sign
        self._most = max_result_bytes
        self._answer = timedelta(seconds=answer_s)
        self._clients: tuple[Client, Client, Client] | None = None

    async def ask(self, channel: Channel, method: str, path: str, body: Any = None) -> Any:
        """Ask something that starts no work; raises Unavailable, Locked or Garbled."""
        try:
            status, data, _ = await self._call(channel, method, path, body)
        except PyreqwestError as error:
            raise Unavailable(tell(error)) from error
        if status in {401, 403}:
            raise Locked(f"the upstream refuses our key (HTTP {status})")
        if status == 429 or status >= 500:
            raise Unavailable(f"HTTP {status}")
        try:
            return msgspec.json.decode(data) if data else None
        except msgspec.DecodeError as error:
            raise Garbled(f"HTTP {status}, and the answer is not JSON") from error

    async def order(
        self,
        channel: Channel,
        path: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        long: bool = False,
        own_errors: frozenset[int] = frozenset(),
    ) -> Answer:
        """Ask for work; raises Refused, Unavailable (surely not taken), Locked or Uncertain.

        `long` waits for as long as the work takes, up to `max_result_bytes` of answer. A JSON
        object under one of the statuses of `own_errors` is the upstream's own word, for the
        caller to read; any other answer of 500 and more leaves in doubt what became of the order.
        """
        try:
            status, data, wait = await self._call(
                channel, "POST", path, body, headers=headers, long=long
            )
        except (ConnectError, ConnectTimeoutError) as error:
            raise Unavailable(f"cannot connect: {tell(error)}") from error
        except Garbled as error:
            raise Uncertain(error.message) from error
        except PyreqwestError as error:
            raise Uncertain(tell(error)) from error
        if status == 429:
            raise Unavailable(
                "the upstream is busy (HTTP 429)", retry_after_s=_seconds(wait), busy=True
            )
        answer = _read_object(data)
        if answer is not None and status in own_errors:
            return Answer(status, answer)
        if status >= 500 or (answer is None and status < 400):
            raise Uncertain(f"HTTP {status} without an answer of this wire")
        if status in {401, 403}:
            raise Locked(f"the upstream refuses our key (HTTP {status})")
        if answer is None:
            raise Refused(f"the upstream refuses {path} (HTTP {status})")
        return Answer(status, answer)

    async def download(self, channel: Channel, url: str) -> bytes:
        """Fetch a result from wherever the upstream put it, without our credentials.

        Raises Missing, Unavailable, or Garbled when it is too large.
        """
        try:
            request = self._open()[1].get(Url(channel.base_url).join(url))
        except ValueError as error:
            raise Missing(f"{scrub(channel, url)[:100]} is not a URL") from error
        return await self._fetch(request)

    async def fetch(self, channel: Channel, path: str) -> bytes:
        """Fetch a result from the upstream itself, with our credentials; raises as `download`."""
        request = self._open()[2].get(channel.base_url.rstrip("/") + path)
        return await self._fetch(request.headers(dict(self._sign(channel))))

    async def _fetch(self, request: Any) -> bytes:
        try:
            async with request.build_streamed() as response:
                if response.status == 429 or response.status >= 500:
                    raise Unavailable(f"the picture answers HTTP {response.status}")
                if response.status != 200:
                    raise Missing(f"the picture answers HTTP {response.status}")
                return await _take(response, self._most)
        except PyreqwestError as error:
            raise Unavailable(tell(error)) from error

    async def _call(
        self,
        channel: Channel,
        method: str,
        path: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        long: bool = False,
    ) -> tuple[int, bytes, str]:
        client = self._open()[2 if long else 0]
        shown = {**self._sign(channel), **(headers or {})}
        if body is not None and not isinstance(body, Form):
            body = Form(msgspec.json.encode(body), "application/json")
        if body is not None:
            shown["content-type"] = body.content_type
        try:
            request = client.request(method, channel.base_url.rstrip("/") + path).headers(shown)
        except ValueError as error:
            raise Unavailable("the channel's base URL or key cannot be used") from error
        if body is not None:
            request = request.body_bytes(body.data)
        async with request.build_streamed() as response:
            wait = response.get_header("retry-after") or ""
            most = self._most if long else _ANSWER_BYTES
            return response.status, await _take(response, most), wait

    def _open(self) -> tuple[Client, Client, Client]:
        """Return the clients for calls, for downloads from anywhere, and for long calls.

        Only downloads follow redirects: a call would carry its secret to another host.
        """
        if self._clients is None:
            calls = _builder().follow_redirects(False).timeout(self._answer).build()
            anywhere = _builder().read_timeout(_SILENCE).build()
            long = _builder().follow_redirects(False).build()
            self._clients = calls, anywhere, long
        return self._clients


def tell(error: Exception) -> str:
    """Return what kind of failure this is: the texts of the client name the host."""
    return type(error).__name__


def bearer(channel: Channel) -> dict[str, str]:
    """Return the usual header of the channel's `api_key`, none where it has none."""
    key = str(channel.options.get("api_key") or "")
    return {"authorization": f"Bearer {key}"} if key else {}


def _builder() -> ClientBuilder:
    return ClientBuilder().no_proxy().connect_timeout(_CONNECT).user_agent("gesso")


def _seconds(header: str) -> float | None:
    """Return what Retry-After asks for, within reason; None for a date or nothing."""
    if not (header.isascii() and header.isdecimal()):
        return None
    return min(float(header[:9]), _LONGEST_WAIT_S)


def _read_object(data: bytes) -> dict[str, Any] | None:
    try:
        answer = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    return answer if isinstance(answer, dict) else None


async def _take(response: Response, most: int) -> bytes:
    body = bytearray()
    while (chunk := await response.body_reader.read_chunk()) is not None:
        if len(body) + len(chunk) > most:
            raise Garbled(f"the upstream sends more than {most} bytes")
        body += bytes(chunk)
    return bytes(body)
