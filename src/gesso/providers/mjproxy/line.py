"""The connection to one upstream: calls that know what a failure means, and downloads.

What a failure means depends on whether it asks for work. A GET that fails may be asked
again. An order that fails is Unavailable only when it was surely not taken; otherwise it is
Uncertain, and nobody sends it again before `find` has looked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError
from pyreqwest.http import Url
from pyreqwest.response import Response

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Locked, ProviderError, Refused, Unavailable, Uncertain

_CONNECT = timedelta(seconds=5)
_WHOLE = timedelta(seconds=30)
#: Pictures and clips are large: they may take long as long as bytes keep coming.
_SILENCE = timedelta(seconds=30)
#: The largest answer that is not a picture: a list of some hundred tasks.
_ANSWER_BYTES = 32 * 1024 * 1024

#: An upstream that asks for more patience than this is asked earlier.
_LONGEST_WAIT_S = 120.0


class Missing(Exception):
    """A result's URL does not answer with its bytes; `str` says what it answered."""


class Line:
    """Calls upstreams of this wire."""

    def __init__(self, max_result_bytes: int) -> None:
        """Start without connections; they are made inside the running loop."""
        self._most = max_result_bytes
        self._clients: tuple[Client, Client] | None = None

    async def ask(self, channel: Channel, method: str, path: str, body: Any = None) -> Any:
        """Ask something that starts no work; raises Unavailable, Refused or Garbled."""
        try:
            status, data, _ = await self._call(channel, method, path, body)
        except PyreqwestError as error:
            raise Unavailable(_tell(error)) from error
        if status in {401, 403}:
            raise Locked(f"the upstream refuses our key (HTTP {status})")
        if status == 429 or status >= 500:
            raise Unavailable(f"HTTP {status}")
        try:
            return msgspec.json.decode(data) if data else None
        except msgspec.DecodeError as error:
            raise Garbled(f"HTTP {status}, and the answer is not JSON") from error

    async def order(self, channel: Channel, path: str, body: Any) -> dict[str, Any]:
        """Ask for work; raises Refused, Unavailable (surely not taken) or Uncertain."""
        try:
            status, data, wait = await self._call(channel, "POST", path, body)
        except (ConnectError, ConnectTimeoutError) as error:
            raise Unavailable(f"cannot connect: {_tell(error)}") from error
        except PyreqwestError as error:
            raise Uncertain(_tell(error)) from error
        if status == 429:
            raise Unavailable(
                "the upstream is busy (HTTP 429)", retry_after_s=_seconds(wait), busy=True
            )
        answer = _read_object(data)
        if status >= 500 or (answer is None and status < 400):
            raise Uncertain(f"HTTP {status} without an answer of this wire")
        if status in {401, 403}:
            raise Locked(f"the upstream refuses our key (HTTP {status})")
        if answer is None or not isinstance(answer.get("code"), int):
            raise Refused(f"the upstream refuses {path} (HTTP {status})")
        return answer

    async def download(self, channel: Channel, url: str) -> bytes:
        """Fetch a result; raises Missing, Unavailable, or Garbled when it is too large."""
        try:
            request = self._open()[1].get(Url(channel.base_url).join(url))
        except ValueError as error:
            raise Missing(f"{url[:100]} is not a URL") from error
        try:
            async with request.build_streamed() as response:
                if response.status == 429 or response.status >= 500:
                    raise Unavailable(f"the picture answers HTTP {response.status}")
                if response.status != 200:
                    raise Missing(f"the picture answers HTTP {response.status}")
                return await _take(response, self._most)
        except PyreqwestError as error:
            raise Unavailable(_tell(error)) from error

    async def _call(
        self, channel: Channel, method: str, path: str, body: Any
    ) -> tuple[int, bytes, str]:
        request = self._open()[0].request(method, channel.base_url.rstrip("/") + path)
        secret = str(channel.options.get("secret", ""))
        # Some upstreams read the one header, some the other.
        headers = {"mj-api-secret": secret, "authorization": f"Bearer {secret}"} if secret else {}
        if body is not None:
            request = request.body_bytes(msgspec.json.encode(body))
            headers["content-type"] = "application/json"
        async with request.headers(headers).build_streamed() as response:
            wait = response.get_header("retry-after") or ""
            return response.status, await _take(response, _ANSWER_BYTES), wait

    def _open(self) -> tuple[Client, Client]:
        """Return the clients for calls and for downloads.

        Only downloads follow redirects: a call would carry its secret to another host.
        """
        if self._clients is None:
            calls = _builder().follow_redirects(False).timeout(_WHOLE).build()
            self._clients = calls, _builder().read_timeout(_SILENCE).build()
        return self._clients


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


def _tell(error: Exception) -> str:
    return error.message if isinstance(error, ProviderError) else f"{type(error).__name__}: {error}"
