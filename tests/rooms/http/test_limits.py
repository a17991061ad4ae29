"""Limits at the door: bodies are not read beyond them, buckets refill evenly."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from gesso.domain.caller import ApiKey
from gesso.domain.errors import RateLimited, TooLarge
from gesso.http import limits
from gesso.http.limits import Pace, read_body


def key(name: str, rate: int | None) -> ApiKey:
    return ApiKey(name, "acc", name, "sk", rate_per_minute=rate)


class Body:
    """A request whose body comes in chunks; counts how many were taken."""

    def __init__(self, chunks: list[bytes], declared: str | None = None) -> None:
        self.taken = 0
        self._chunks: Iterator[bytes] = iter(chunks)
        self._left = len(chunks)
        headers = [] if declared is None else [(b"content-length", declared.encode())]
        self.request = Request({"type": "http", "headers": headers}, self._receive)

    async def _receive(self) -> Message:
        self.taken += 1
        self._left -= 1
        return {"type": "http.request", "body": next(self._chunks), "more_body": self._left > 0}


@pytest.mark.anyio
async def test_a_body_within_the_limit_is_whole() -> None:
    assert await read_body(Body([b"ab", b"", b"cd"], "4").request, 4) == b"abcd"
    assert await read_body(Body([b""], "nonsense").request, 0) == b""


@pytest.mark.anyio
async def test_a_larger_body_is_not_read_on() -> None:
    lying = Body([b"xx"] * 50, "1")
    with pytest.raises(TooLarge):
        await read_body(lying.request, 5)
    assert lying.taken == 3
    honest = Body([b"xx"] * 50, "100")
    with pytest.raises(TooLarge):
        await read_body(honest.request, 5)
    assert honest.taken == 0


def test_a_bucket_empties_and_refills(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace, slow = Pace(), key("slow", 6)
    for _ in range(6):
        pace.check(slow)
    with pytest.raises(RateLimited) as refusal:
        pace.check(slow)
    assert refusal.value.facts == {"retry_after_s": 10.0}
    pace.check(key("other", 6))
    now += 10
    pace.check(slow)
    with pytest.raises(RateLimited):
        pace.check(slow)
    now += 3600
    for _ in range(6):
        pace.check(slow)
    with pytest.raises(RateLimited):
        pace.check(slow)


def test_no_limit_and_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_REMEMBER", 3)
    pace = Pace()
    for _ in range(1000):
        pace.check(key("free", None))
    for number in range(10):
        pace.check(key(f"k{number}", 1))
    assert len(pace._buckets) == 3
    with pytest.raises(RateLimited):
        pace.check(key("k9", 1))


def test_a_pace_tells_what_is_left() -> None:
    pace = Pace()
    limited = key("k", 3)
    assert pace.left(key("free", None)) is None
    pace.check(limited)
    left = pace.left(limited)
    assert left is not None
    assert left[:2] == (3, 2)
    assert 0 < left[2] <= 20
