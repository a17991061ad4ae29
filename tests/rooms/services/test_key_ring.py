"""Keys of a channel in turn."""

from __future__ import annotations

from typing import Any

from gesso.domain.channel import Channel
from gesso.services.key_ring import KeyRing, fingerprint_of, keys_of


def channel(**options: Any) -> Channel:
    return Channel("c", "c", "openai", options=options)


def test_in_turn_and_resting() -> None:
    now = [0.0]
    ring, one = KeyRing(lambda: now[0]), channel(keys=["a", "b", "c"])
    assert [ring.take(one) for _ in range(4)] == ["a", "b", "c", "a"]
    ring.rest(one, "b", 10)
    assert [ring.take(one) for _ in range(3)] == ["c", "a", "c"]
    assert ring.resting(one) == 1
    for key in "ac":
        ring.rest(one, key, 20)
    assert ring.take(one) is None
    assert not ring.has(one)
    now[0] = 10
    assert ring.take(one) == "b"


def test_one_key_by_its_fingerprint() -> None:
    ring, one = KeyRing(), channel(keys="a,b", api_key="z")
    assert keys_of(one) == ("z", "a", "b")
    assert ring.take(one, fingerprint=fingerprint_of("b")) == "b"
    assert ring.take(one, fingerprint="gone") is None


def test_a_channel_that_needs_none() -> None:
    ring = KeyRing()
    assert ring.take(channel()) == ""
    assert not ring.has(channel())
