"""The choice between channels."""

from __future__ import annotations

from typing import Any

import pytest

from gesso.domain.channel import Channel, Load, Wish, choose
from gesso.domain.errors import NoChannel, QueueFull
from gesso.domain.task import Action, Lane


def channel(name: str, **fields: Any) -> Channel:
    return Channel(name, name, fields.pop("provider", "p"), **fields)


def pick(channels: list[Channel], loads: dict[str, Load] | None = None, **wish: Any) -> str:
    asked = Wish(wish.pop("action", Action.IMAGINE), wish.pop("lane", Lane.FAST), **wish)
    return choose(asked, channels, loads or {}, lambda c, a: a is not Action.VIDEO).id


def test_priority_then_least_waiting() -> None:
    low, high = channel("low"), channel("high", priority=5)
    assert pick([low, high]) == "high"
    a, b = channel("a"), channel("b")
    assert pick([a, b], {"a": Load(0, 3), "b": Load(0, 1)}) == "b"
    assert pick([a, b], {"a": Load(5, 3), "b": Load(1, 3)}) == "b"


def test_weight_takes_its_share() -> None:
    heavy, light = channel("heavy", weight=3), channel("light")
    assert pick([heavy, light], {"heavy": Load(0, 2), "light": Load(0, 1)}) == "heavy"


def test_follow_ups_prefer_the_parents_channel() -> None:
    channels = [channel("a", priority=9), channel("b")]
    assert pick(channels, prefer_id="b") == "b"
    assert pick(channels, prefer_id="gone") == "a"


@pytest.mark.parametrize(
    ("channels", "wish", "reason"),
    [
        ([], {}, "no channel is configured"),
        ([channel("a", enabled=False)], {}, "disabled"),
        ([channel("a")], {"action": Action.VIDEO}, "video"),
        ([channel("a")], {"channel_id": "b"}, "channel b"),
        ([channel("a")], {"provider": "sandbox"}, "provider"),
        ([channel("a", lanes=frozenset({Lane.RELAX}))], {}, "fast"),
        ([channel("a", remark="x")], {"remark": "y"}, "remark"),
    ],
)
def test_the_filter_that_removed_the_last_is_named(
    channels: list[Channel], wish: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NoChannel, match=reason):
        pick(channels, **wish)


def test_full_queues() -> None:
    only = channel("a", core_size=2, queue_size=1)
    assert pick([only], {"a": Load(0, 2)}) == "a"
    with pytest.raises(QueueFull):
        pick([only], {"a": Load(1, 2)})
    assert pick([only, channel("b")], {"a": Load(1, 2)}) == "b"


def test_place_in_line() -> None:
    three = channel("a", core_size=3)
    places = [Load(0, n).place_of_next(three) for n in range(5)]
    assert places == [0, 0, 0, 1, 2]
