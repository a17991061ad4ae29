"""At once or later."""

from __future__ import annotations

from gesso.domain.channel import Channel
from gesso.services.picture_mode import is_async

LATER = Channel("c", "c", "openai", options={"models": "slow", "asynchronous": True})
NOW = Channel("d", "d", "openai", options={"models": "slow"})


def test_who_says_so() -> None:
    assert not is_async("", None, "m", [])
    assert is_async("wait=9, Respond-Async", None, "m", [])
    assert is_async("", True, "m", [])
    assert not is_async("respond-async", False, "m", [])
    assert is_async("", None, "slow", [LATER])
    assert not is_async("", None, "slow", [LATER, NOW])
    assert not is_async("", None, "fast", [LATER])
