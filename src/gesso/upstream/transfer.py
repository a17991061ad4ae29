"""One HTTP exchange with an upstream, as `direct` and `proxied` make it.

Redirects are not followed, for they would carry keys to another host, and nothing is unpacked:
what comes is handed on as it is. No error of this file names a host or a credential.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple, Protocol

#: A body that comes in pieces; it is opened again for each try.
Pieces = Callable[[], AsyncIterator[bytes]]


class Unusable(ValueError):
    """What was asked for is no request: its URL, a header or the proxy cannot be read."""


class Unreached(Exception):
    """There is no connection, and nothing was sent; `str` says why."""


class Broken(Exception):
    """The connection broke after something may have been sent; `str` says how."""


class Sent(NamedTuple):
    """A request."""

    method: str
    url: str
    headers: Mapping[str, str]  #: Names in lower case; none about the host or the body's size.
    body: bytes | Pieces = b""
    size_bytes: int | None = None  #: Of a body in pieces, where it is known.


class Transfer(Protocol):
    """A request on its way, and its answer as it comes."""

    @property
    def status(self) -> int:
        """The HTTP status, once `head` has returned."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case, once `head` has returned."""

    async def head(self, within_s: float) -> None:
        """Wait for the head of the answer; raises Unusable, Unreached, Broken or TimeoutError."""

    def take_whole(self) -> bytes | None:
        """Return all of the body if it is here by now, once `head` has returned; else None."""

    async def read(self, within_s: float) -> bytes:
        """Return what there is of the body, once there is some; b"" is its end.

        Raises Broken when it ends too early, and TimeoutError when nothing comes for so long.
        """

    async def close(self) -> None:
        """End it; an answer that is still under way is broken off."""


class Caller(Protocol):
    """Sends requests, over connections that are kept."""

    def send(self, sent: Sent) -> Transfer:
        """Begin an exchange, which `head` carries out; raises Unusable."""
