"""Calls through an HTTP or SOCKS proxy, by a library that speaks both."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError, ReadTimeoutError
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.response import Response

from gesso.upstream.request import read_url
from gesso.upstream.transfer import Broken, Sent, Unreached, Unusable

#: How the library speaks to a proxy. Any other scheme it would take for HTTP.
_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})


class Proxied:
    """Calls through one proxy."""

    def __init__(self, proxy: str, *, connect_s: float, silence_s: float) -> None:
        """Take the proxy's URL, and how long connecting and any silence may take at most.

        Raises Unusable when the proxy's URL cannot be read.
        """
        if proxy.partition("://")[0].lower() not in _SCHEMES:
            raise Unusable
        # Packed answers would have to be unpacked to count what they used.
        builder = ClientBuilder().gzip(False).brotli(False).zstd(False).deflate(False)
        builder = builder.follow_redirects(False).user_agent("gesso")
        builder = builder.connect_timeout(timedelta(seconds=connect_s))
        builder = builder.read_timeout(timedelta(seconds=silence_s))
        try:
            self._client: Client = builder.proxy(ProxyBuilder.all(proxy)).build()
        except (ValueError, PyreqwestError) as error:
            raise Unusable from error

    def send(self, sent: Sent) -> _Exchange:
        """Begin an exchange, which `head` carries out; raises Unusable."""
        read_url(sent.url)  # Refuses what the library would leave out, such as line breaks.
        headers = dict(sent.headers)
        size = len(sent.body) if isinstance(sent.body, bytes) else sent.size_bytes
        if size is not None and (size or sent.method not in {"GET", "DELETE"}):
            headers["content-length"] = str(size)
        try:
            request = self._client.request(sent.method, sent.url).headers(headers)
            if callable(sent.body):
                request = request.body_stream(sent.body())
            elif sent.body:
                request = request.body_bytes(sent.body)
            # Without this, pieces would gather before the first of them is handed on.
            return _Exchange(request.streamed_read_buffer_limit(0).build_streamed())
        except (ValueError, PyreqwestError) as error:
            raise Unusable from error


class _Exchange:
    """A request and its answer; implements `Transfer`."""

    def __init__(self, built: Any) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._built = built
        self._response: Response | None = None

    async def head(self, within_s: float) -> None:
        """Send the request and wait for the head of the answer."""
        try:
            async with asyncio.timeout(within_s):
                self._response = response = await self._built.__aenter__()
        except ReadTimeoutError as error:
            raise TimeoutError from error
        except (ConnectError, ConnectTimeoutError) as error:
            raise Unreached("through the proxy") from error
        except PyreqwestError as error:
            raise Broken(type(error).__name__) from error
        if response.status == 407:
            raise Unreached("through the proxy")  # Its own answer, where nothing is tunnelled.
        self.status = response.status
        for name in response.headers:
            # A header that is no text must not make the answer unreadable.
            with suppress(ValueError):
                self.headers[name.lower()] = response.headers[name]

    def take_whole(self) -> bytes | None:
        """Return None: what is here by now the library does not tell."""
        return None

    async def read(self, within_s: float) -> bytes:
        """Return what there is of the body, b"" at its end."""
        if self._response is None:
            return b""
        chunk: Any = b""
        try:
            async with asyncio.timeout(within_s):
                while chunk is not None and not len(chunk):  # HTTP/2 has pieces of nothing.
                    chunk = await self._response.body_reader.read_chunk()
        except ReadTimeoutError as error:
            raise TimeoutError from error
        except PyreqwestError as error:
            raise Broken(type(error).__name__) from error
        return b"" if chunk is None else bytes(chunk)

    async def close(self) -> None:
        """End it; an answer that is still under way is broken off.

        The library goes on waiting for the head of one that was given up, for `silence_s`.
        """
        # What was never opened, or failed, has nothing that could be closed.
        if self._response is not None:
            await self._built.__aexit__(None, None, None)
