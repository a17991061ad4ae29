"""Limits at the door: how large a body may be and how often a key may knock."""

from __future__ import annotations

import time
from collections import OrderedDict

from starlette.requests import ClientDisconnect, Request

from gesso.domain.caller import ApiKey
from gesso.domain.errors import RateLimited, TooLarge
from gesso.http import headers

#: Most keys whose pace is remembered; the longest quiet one is forgotten first.
_REMEMBER = 10_000


async def read_body(request: Request, most: int) -> bytes:
    """Read a request body of at most `most` bytes; raises TooLarge without reading on.

    Raises ClientDisconnect when the caller leaves before it is whole.
    """
    declared = headers.find(request.scope, b"content-length")
    if declared.isascii() and declared.isdigit() and int(declared) > most:
        raise too_large(most)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > most:
            raise too_large(most)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(most: int) -> TooLarge:
    """Return the refusal of a body that has more bytes than it may have."""
    return TooLarge(f"the request body may have {most} bytes")


class Pace:
    """Counts requests per key in a bucket that refills evenly over a minute."""

    def __init__(self) -> None:
        """Start with every bucket full."""
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, key: ApiKey) -> None:
        """Take one request from the key's bucket; raises RateLimited when it is empty."""
        most = key.rate_per_minute
        if not most:
            return
        now = time.monotonic()
        left, since = self._buckets.pop(key.id, (most, now))
        left += (now - since) * most / 60
        if left > most:
            left = most
        if left < 1:
            self._buckets[key.id] = (left, now)
            wait_s = (1 - left) * 60 / most
            raise RateLimited(
                f"this key may send {most} requests a minute",
                facts={"retry_after_s": round(wait_s, 1)},
            )
        self._buckets[key.id] = (left - 1, now)
        if len(self._buckets) > _REMEMBER:
            self._buckets.popitem(last=False)

    def left(self, key: ApiKey) -> tuple[int, int, float] | None:
        """Return a key's limit, what is left of it, and seconds until it is full again.

        None for a key without a limit.
        """
        if not key.rate_per_minute:
            return None
        most = float(key.rate_per_minute)
        left, since = self._buckets.get(key.id, (most, 0.0))
        left = min(most, left + (time.monotonic() - since) * most / 60)
        return key.rate_per_minute, int(left), (most - left) * 60 / most
