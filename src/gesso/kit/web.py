"""Outgoing HTTP: `Guard` for addresses that users gave, `open_client` for our own upstreams.

A guarded URL is read by the parser that the client itself uses, its host is resolved here,
every address must be public, and the connection is pinned to a checked address, so that
neither a second DNS answer nor a second reading of the URL can lead elsewhere. Redirects
are followed by hand and checked again at each hop.

pyreqwest pins per client, and building one costs 4.3 ms of the event loop (it loads the TLS
roots; a call over an open client costs 0.3 ms). So a guard keeps the few clients it used
last, one per pinned pair of host and address; each call is still resolved and checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError
from pyreqwest.http import Url
from pyreqwest.response import Response

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]

MAX_HOPS = 5
#: Ports below 1024 are services of a machine (SSH, mail, …); only these of them speak HTTP.
WEB_PORTS = frozenset({80, 443})

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT = timedelta(seconds=5)
_MAX_ADDRESSES = 4
#: How long the body of an answer is waited for whose status is known and is what counts.
_BODY_S = 2.0
_MAX_CLIENTS = 64
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: All that is given out to the public; outside are site-local and other forgotten ranges.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
#: What some Pythons call global (3.11 does) and is not for us.
_NEVER: tuple[Network, ...] = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's platform address, public in form only
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments, a cloud's metadata in it
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays into 6to4
    ipaddress.IPv6Network("3fff::/20"),  # documentation
)
# Names from strangers may resolve slowly. In the loop's default pool, a few of them would
# hold up everything else that works in threads, such as writing pictures.
_RESOLVERS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolve")


class WebRefused(Exception):
    """The URL will never be called; `reason` is a stable code.

    bad_url, bad_port, private_address, too_many_redirects, too_large
    """

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


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be called, and the checked addresses of its host."""

    url: Url
    host: str
    addresses: tuple[str, ...]


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host, as the system's resolver knows them."""

    def look_up() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    try:
        return await asyncio.get_running_loop().run_in_executor(_RESOLVERS, look_up)
    except (OSError, UnicodeError) as error:
        raise WebUnavailable(f"{host} cannot be resolved") from error


def open_client(
    *, connect_s: float = 5.0, read_s: float = 60.0, total_s: float | None = None
) -> Client:
    """Open a pooled client for upstreams that the operator configured.

    Redirects are not followed: they would carry credentials to another host. The proxies of
    the environment are used, as an operator expects. Close it when done.
    """
    builder = ClientBuilder().follow_redirects(False).user_agent("gesso")
    builder = builder.connect_timeout(timedelta(seconds=connect_s))
    builder = builder.read_timeout(timedelta(seconds=read_s))
    if total_s is not None:
        builder = builder.timeout(timedelta(seconds=total_s))
    return builder.build()


class Guard:
    """Calls user-given URLs, never a private address."""

    def __init__(
        self,
        *,
        allow_private: frozenset[Network] = frozenset(),
        low_ports: frozenset[int] = WEB_PORTS,
        resolver: Resolve = resolve,
    ) -> None:
        """Take what the operator allows beyond the public web, and who resolves names."""
        self._allowed = allow_private
        self._low_ports = low_ports
        self._resolver = resolver
        self._clients: OrderedDict[tuple[str, str], Client] = OrderedDict()

    async def get(self, url: str, *, max_bytes: int, timeout_s: float) -> Answer:
        """GET a URL, following up to five redirects; raises WebRefused or WebUnavailable."""
        async with _within(timeout_s):
            target = await self.check(url)
            for _ in range(MAX_HOPS + 1):
                answer = await self._send(target, "GET", None, {}, max_bytes)
                location = answer.headers.get("location")
                if answer.status not in _REDIRECTS or not location:
                    return answer
                target = await self._check(_read_url(location, target.url))
            raise WebRefused("too_many_redirects", f"more than {MAX_HOPS} redirects")

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        max_bytes: int = 65536,
        cut: bool = False,
    ) -> Answer:
        """POST once; a redirect is returned as it is, because a callback is not moved.

        With `cut`, the status is what counts: a body that is too long is cut, one that drips
        is left after two seconds.
        """
        async with _within(timeout_s):
            target = await self.check(url)
            return await self._send(target, "POST", body, headers, max_bytes, cut)

    async def check(self, url: str) -> Target:
        """Resolve a URL and say where it leads; raises WebRefused or WebUnavailable."""
        return await self._check(_read_url(url))

    async def _check(self, url: Url) -> Target:
        host, port = url.host_str, url.port_or_known_default
        if url.scheme not in {"http", "https"} or not host or port is None:
            raise WebRefused("bad_url", "only http:// and https:// URLs are called")
        if url.username or url.password is not None:
            raise WebRefused("bad_url", "a URL must not hold a user name")
        if port == 0 or (port < 1024 and port not in self._low_ports):
            raise WebRefused("bad_port", f"port {port} is not called")
        addresses = [host.strip("[]")] if url.domain is None else await self._resolver(host, port)
        for one in addresses:
            # All of them: a name with one public and one private address is a trap.
            if not self._may_reach(ipaddress.ip_address(one.partition("%")[0])):
                raise WebRefused("private_address", f"{host} is a private address")
        if not addresses:
            raise WebUnavailable(f"{host} has no address")
        return Target(url, host, tuple(addresses[:_MAX_ADDRESSES]))

    def _may_reach(self, address: Address) -> bool:
        inner = _unwrap(address)
        if any(address in network or inner in network for network in self._allowed):
            return True
        if isinstance(inner, ipaddress.IPv6Address) and inner not in _PUBLIC_V6:
            return False
        if any(inner in network for network in _NEVER):
            return False
        return inner.is_global and not inner.is_multicast and not inner.is_reserved

    async def _send(
        self,
        target: Target,
        method: str,
        body: bytes | None,
        headers: Mapping[str, str],
        max_bytes: int,
        cut: bool = False,
    ) -> Answer:
        failure: PyreqwestError | None = None
        for address in target.addresses:
            request = self._client(target.host, address).request(method, target.url)
            request = request.headers(dict(headers))
            if body is not None:
                request = request.body_bytes(body)
            if cut:
                # Else the first bytes of the body would be waited for before the status is told.
                request = request.streamed_read_buffer_limit(0)
            try:
                async with request.build_streamed() as response:
                    take = _take_start if cut else _take
                    return await take(response, max_bytes)
            except (ConnectError, ConnectTimeoutError) as error:
                # Nothing was sent yet, so the next address of the host may be tried.
                failure = error
            except PyreqwestError as error:
                raise WebUnavailable(_tell(error)) from error
        raise WebUnavailable(_tell(failure)) from failure

    def _client(self, host: str, address: str) -> Client:
        """Return a client that can reach `host` at `address` only."""
        client = self._clients.pop((host, address), None)
        if client is None:
            builder = ClientBuilder().no_proxy().follow_redirects(False).user_agent("gesso")
            builder = builder.connect_timeout(_CONNECT).pool_idle_timeout(timedelta(seconds=20))
            # Port 0 means the port of the URL.
            client = builder.resolve(host, address, 0).build()
        self._clients[host, address] = client
        if len(self._clients) > _MAX_CLIENTS:
            # Only let go, not closed: a call may still be using it.
            self._clients.popitem(last=False)
        return client


def _read_url(text: str, base: Url | None = None) -> Url:
    # The client's own parser. With another one, "http://10.0.0.1\x.example.com/" was one host
    # to the check and a different one to the connection.
    try:
        return base.join(text) if base is not None else Url(text)
    except ValueError as error:
        raise WebRefused("bad_url", f"the URL cannot be read: {error}") from error


async def _take(response: Response, max_bytes: int) -> Answer:
    headers = _read_headers(response)
    if response.status in _REDIRECTS:
        return Answer(response.status, headers, b"")
    too_large = WebRefused("too_large", f"the answer has more than {max_bytes} bytes")
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise too_large
    body = bytearray()
    # Counted after decompression, and chunks are 4 KiB then: a bomb is stopped at the limit.
    while (chunk := await response.body_reader.read_chunk()) is not None:
        if len(body) + len(chunk) > max_bytes:
            raise too_large
        body += bytes(chunk)
    return Answer(response.status, headers, bytes(body))


async def _take_start(response: Response, max_bytes: int) -> Answer:
    """Take the status and as much of the body as comes soon."""
    body = bytearray()
    with suppress(TimeoutError, PyreqwestError):
        async with asyncio.timeout(_BODY_S):
            while len(body) < max_bytes:
                chunk = await response.body_reader.read_chunk()
                if chunk is None:
                    break
                body += bytes(chunk)
    return Answer(response.status, _read_headers(response), bytes(body[:max_bytes]))


def _read_headers(response: Response) -> dict[str, str]:
    headers = {}
    for name in response.headers:
        # One header that is no text (Latin-1, say) must not make the whole answer unreadable.
        with suppress(ValueError):
            headers[name.lower()] = response.headers[name]
    return headers


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """Limit the whole call, resolving and redirects included."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise WebUnavailable(f"no answer within {seconds:g} s") from error


def _tell(error: PyreqwestError | None) -> str:
    """Return the innermost cause: the outer ones only say that a request failed."""
    details = getattr(error, "details", None)
    causes = details.get("causes") if isinstance(details, dict) else None
    return str(causes[-1]["message"]) if causes else f"{type(error).__name__}: {error}"


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
