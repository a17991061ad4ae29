"""Outgoing HTTP to addresses that users gave: checked, pinned, limited.

The host is resolved here, every address it has must be public, and the connection is pinned
to the checked address, so that a second DNS answer cannot lead elsewhere. Redirects are
followed by hand and checked again at each hop. A client per call is built for the pinning;
that costs about a millisecond, which callbacks and picture links can afford.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError, RequestTimeoutError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]

MAX_HOPS = 5
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class WebRefused(Exception):
    """This URL will never be called; `reason` is a stable code."""

    def __init__(self, reason: str, message: str) -> None:
        """Keep the code beside the text."""
        super().__init__(message)
        self.reason = reason


class WebUnavailable(Exception):
    """The other side did not answer; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said, with at most the allowed bytes of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host, as the system's resolver knows them."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise WebUnavailable(f"{host} cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Calls user-given URLs, never a private address."""

    def __init__(
        self, *, allow_private: frozenset[Network] = frozenset(), resolver: Resolve = resolve
    ) -> None:
        """Take the private networks that the operator allows, and who resolves names."""
        self._allowed = allow_private
        self._resolver = resolver

    async def get(self, url: str, *, max_bytes: int, timeout_s: float) -> Answer:
        """GET a URL, following up to five redirects; raises WebRefused or WebUnavailable."""
        async with _limited(timeout_s):
            for _ in range(MAX_HOPS + 1):
                answer = await self._send("GET", url, None, {}, max_bytes, timeout_s)
                target = answer.headers.get("location")
                if answer.status not in {301, 302, 303, 307, 308} or not target:
                    return answer
                url = urljoin(url, target)
            raise WebRefused("too_many_redirects", f"more than {MAX_HOPS} redirects")

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        max_bytes: int = 65536,
    ) -> Answer:
        """POST once; a redirect is returned as it is, because a callback is not moved."""
        async with _limited(timeout_s):
            return await self._send("POST", url, body, headers, max_bytes, timeout_s)

    async def check(self, url: str) -> tuple[str, str, int]:
        """Return host, checked address and port of a URL; raises WebRefused."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise WebRefused("bad_url", "the URL cannot be read") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise WebRefused("bad_url", "only http:// and https:// URLs are called")
        if parts.username is not None or parts.password is not None:
            raise WebRefused("bad_url", "a URL must not hold a user name")
        port = port or (443 if parts.scheme == "https" else 80)
        addresses = await self._resolver(host, port)
        for one in addresses:
            # All of them: a name with one public and one private address is a trap.
            if not self._may_reach(ipaddress.ip_address(one.partition("%")[0])):
                raise WebRefused("private_address", f"{host} is a private address")
        if not addresses:
            raise WebUnavailable(f"{host} has no address")
        return host, addresses[0], port

    def _may_reach(self, address: Address) -> bool:
        inner = _unwrap(address)
        if any(inner.version == n.version and inner in n for n in self._allowed):
            return True
        return inner.is_global and not inner.is_multicast and not inner.is_reserved

    async def _send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        max_bytes: int,
        timeout_s: float,
    ) -> Answer:
        host, address, port = await self.check(url)
        builder = ClientBuilder().no_proxy().follow_redirects(False)
        builder = builder.timeout(timedelta(seconds=timeout_s)).resolve(host, address, port)
        try:
            async with builder.build() as client:
                request = client.request(method, url).headers(dict(headers))
                if body is not None:
                    request = request.body_bytes(body)
                async with request.build_streamed() as response:
                    found = {k.lower(): v for k, v in response.headers.items()}
                    return Answer(response.status, found, await _read(response, max_bytes))
        except RequestTimeoutError as error:
            raise WebUnavailable(f"no answer within {timeout_s:g} s") from error
        except PyreqwestError as error:
            raise WebUnavailable(f"{type(error).__name__}: {error}") from error


async def _read(response: object, max_bytes: int) -> bytes:
    reader = response.body_reader  # type: ignore[attr-defined]
    chunks: list[bytes] = []
    size = 0
    # Counted after decompression, so a compressed bomb is stopped by the same limit.
    while (chunk := await reader.read_chunk()) is not None:
        size += len(chunk)
        if size > max_bytes:
            raise WebRefused("too_large", f"the answer has more than {max_bytes} bytes")
        chunks.append(bytes(chunk))
    return b"".join(chunks)


class _limited:
    """A time limit over the whole call, resolving and redirects included."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._seconds = seconds

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            await self._timeout.__aexit__(kind, *rest)  # type: ignore[arg-type]
        except TimeoutError as error:
            raise WebUnavailable(f"no answer within {self._seconds:g} s") from error


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 form that leads to one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
