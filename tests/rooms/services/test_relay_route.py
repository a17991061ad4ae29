"""Which channels a call may go to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import NoChannel, UnknownModel
from gesso.domain.relay import Endpoint
from gesso.providers import discover
from gesso.services.relay_breaker import Breakers
from gesso.services.relay_route import Router


def channel(name: str, **fields: Any) -> Channel:
    return Channel(name, name, fields.pop("provider", "openai"), **fields)


def router() -> Router:
    return Router(discover(), Breakers(threshold=1))


def test_priority_first_then_weight() -> None:
    channels = [channel("low"), channel("a", priority=1, weight=9), channel("b", priority=1)]
    orders = [router().order(channels, Endpoint.CHAT, "m") for _ in range(400)]
    assert all(order[-1].id == "low" for order in orders)
    first = Counter(order[0].id for order in orders)
    assert 310 < first["a"] < 400


def test_only_channels_that_relay_this_endpoint_and_model() -> None:
    channels = [
        channel("sandbox", provider="sandbox"),
        channel("audio", options={"endpoints": "audio/speech"}),
        channel("chat", options={"models": "gpt-*"}),
    ]
    assert [c.id for c in router().order(channels, Endpoint.CHAT, "gpt-4")] == ["chat"]
    with pytest.raises(UnknownModel):
        router().order(channels, Endpoint.CHAT, "o3")
    assert router().names(channels, Endpoint.CHAT, "gpt-4")
    assert not router().names(channels, Endpoint.SPEECH, "tts-1")


def test_why_there_is_none() -> None:
    one = router()
    with pytest.raises(NoChannel, match="disabled"):
        one.order([channel("a", enabled=False)], Endpoint.CHAT, "m")
    one.breakers.record_failure("b", "HTTP 500")
    with pytest.raises(NoChannel, match="HTTP 500"):
        one.order([channel("b")], Endpoint.CHAT, "m")
