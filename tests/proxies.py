"""Proxies on loopback that remember where they led: HTTP with CONNECT, and SOCKS5, with a login."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOGIN = ("user", "p@ss")
_BASIC = b64encode(":".join(LOGIN).encode()).decode()
_GONE = (asyncio.IncompleteReadError, ConnectionError)


@dataclass
class Proxy:
    """A proxy that listens."""

    scheme: str
    port: int = 0
    led_to: list[tuple[str, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://user:p%40ss@127.0.0.1:{self.port}"

    @property
    def nobodys_url(self) -> str:
        return f"{self.scheme}://user:wrong@127.0.0.1:{self.port}"


class _Client:
    """One connection to a proxy."""

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy, self._reader, self._writer = proxy, reader, writer

    async def serve(self) -> None:
        try:
            await (self._http() if self._proxy.scheme == "http" else self._socks())
        except _GONE:
            pass
        finally:
            self._writer.close()

    async def _http(self) -> None:
        first, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, url, version = first.split(" ")
        if f"proxy-authorization: basic {_BASIC}".lower() not in map(str.lower, headers):
            self._writer.write(b"HTTP/1.1 407 Who?\r\ncontent-length: 0\r\n\r\n")
            return
        parts = urlsplit(f"//{url}" if method == "CONNECT" else url)
        begin = b""
        if method == "CONNECT":
            self._writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            # One request per connection, for the next might lead elsewhere.
            lines = [f"{method} {parts.path} {version}", "connection: close", *headers]
            begin = "\r\n".join(lines).encode()
        await self._lead(parts.hostname or "", parts.port or 80, begin)

    async def _socks(self) -> None:
        _, count = await self._reader.readexactly(2)
        await self._reader.readexactly(count)
        self._writer.write(b"\x05\x02")
        await self._reader.readexactly(1)
        login = tuple([await self._text(), await self._text()])
        self._writer.write(b"\x01\x00" if login == LOGIN else b"\x01\x01")
        if login != LOGIN:
            return
        _, _, _, kind = await self._reader.readexactly(4)
        raw = await self._reader.readexactly(4) if kind == 1 else b""
        host = ".".join(map(str, raw)) if raw else await self._text()
        port = int.from_bytes(await self._reader.readexactly(2))
        self._writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._lead(host, port, b"")

    async def _text(self) -> str:
        return (await self._reader.readexactly((await self._reader.readexactly(1))[0])).decode()

    async def _lead(self, host: str, port: int, begin: bytes) -> None:
        self._proxy.led_to.append((host, port))
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(begin)
        try:
            await asyncio.gather(_copy(self._reader, writer), _copy(reader, self._writer))
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@asynccontextmanager
async def running_proxy(scheme: str) -> AsyncIterator[Proxy]:
    """Run a proxy while the block lasts; `http` and `socks5` are known."""
    proxy = Proxy(scheme)
    tasks: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(_Client(proxy, reader, writer).serve()))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
