"""The choice between channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gesso.domain.channel import Channel, Load, Luck, Rule, Wish, choose
from gesso.domain.errors import NoChannel, QueueFull
from gesso.domain.order import Selection
from gesso.domain.task import Action, Lane

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def channel(name: str, **fields: Any) -> Channel:
    return Channel(name, name, fields.pop("provider", "p"), **fields)


def pick(channels: list[Channel], loads: dict[str, Load] | None = None, **wish: Any) -> str:
    luck = wish.pop("luck", Luck())
    asked = Wish(wish.pop("action", Action.IMAGINE), wish.pop("lane", Lane.FAST), **wish)
    can = lambda c, a: a is not Action.VIDEO  # noqa: E731
    return choose(asked, channels, loads or {}, can, now=NOW, luck=luck).id


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
        ([channel("a")], {"selection": Selection(channel_id="b")}, "channel b"),
        ([channel("a")], {"provider": "sandbox"}, "provider"),
        ([channel("a", lanes=frozenset({Lane.RELAX}))], {}, "fast"),
        ([channel("a", remark="x")], {"selection": Selection(remark="y")}, "remark"),
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


def broken(name: str, seconds: float = 30, **fields: Any) -> Channel:
    until = NOW + timedelta(seconds=seconds)
    return channel(name, broken_until=until, broken_reason="it is down", **fields)


def test_a_channel_that_rests_is_avoided_while_another_can() -> None:
    channels = [broken("a", priority=9), channel("b")]
    assert pick(channels) == "b"
    assert pick(channels, prefer_id="a") == "b"
    assert pick([broken("a", seconds=-1, priority=9), channel("b")]) == "a"


def test_a_paused_channel_gets_new_tasks_only_when_no_other_has_room() -> None:
    paused, awake = channel("paused", paused=True, priority=9), channel("awake")
    full = {"awake": Load(99, 9)}
    assert pick([paused, awake]) == "awake"
    assert pick([paused, awake], full) == "paused"
    assert pick([paused]) == "paused"
    assert pick([paused, awake], prefer_id="paused") == "paused"


def test_a_task_waits_for_a_resting_channel_or_is_refused_with_the_reason() -> None:
    assert pick([broken("a")]) == "a"
    with pytest.raises(NoChannel, match="it is down"):
        pick([broken("a")], waits=False)


def test_the_published_rules() -> None:
    channels = [channel("a", weight=3), channel("b"), channel("c")]
    loads = {"a": Load(0, 3), "b": Load(0, 1)}

    def picks(rule: Rule) -> list[str]:
        return [pick(channels, loads, luck=Luck(rule, turn=n, draw=n / 5)) for n in range(5)]

    assert picks(Rule.ROUND_ROBIN) == ["a", "b", "c", "a", "b"]
    assert picks(Rule.RANDOM) == ["a", "a", "b", "b", "c"]
    assert picks(Rule.WEIGHTED) == ["a", "a", "a", "b", "c"]
    assert picks(Rule.FILL) == ["b"] * 5
    assert picks(Rule.BEST_WAIT) == ["c"] * 5


def test_weights_of_zero_do_not_always_pick_the_last() -> None:
    channels = [channel("a", weight=0), channel("b", weight=0)]
    assert pick(channels, luck=Luck(Rule.WEIGHTED, draw=0.9)) == "a"
