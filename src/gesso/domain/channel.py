"""A channel: a configured provider that tasks are sent to; and the pure choice between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gesso.domain.errors import NoChannel, QueueFull
from gesso.domain.order import Selection
from gesso.domain.task import Action, Lane


@dataclass(frozen=True, slots=True)
class Channel:
    """One configured account of a provider."""

    id: str
    name: str
    provider: str
    enabled: bool = True
    base_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    lanes: frozenset[Lane] = frozenset(Lane)
    core_size: int = 3  #: Tasks that run at once.
    queue_size: int = 10  #: Tasks that may wait.
    timeout_s: int = 300  #: Seconds without any progress until a running task fails.
    weight: int = 1
    priority: int = 0
    remark: str = ""
    paused: bool = False  #: Accepts tasks, but starts none of them.
    created_at: datetime | None = None
    broken_until: datetime | None = None  #: Gets no tasks before; afterwards one, as a trial.
    broken_reason: str = ""  #: Why; empty for a healthy channel.
    calls_rest_until: datetime | None = None  #: The same for relayed calls, which fail apart.
    calls_rest_reason: str = ""

    def is_broken(self, now: datetime) -> bool:
        """Say whether the channel rests after failures."""
        return self.broken_until is not None and now < self.broken_until

    @property
    def remix(self) -> bool:
        """Whether buttons that can ask for an edited prompt do so (section 7.3)."""
        return bool(self.options.get("remix"))

    @property
    def remix_auto(self) -> bool:
        """Whether such a dialog is answered by itself, with the prompt as it is."""
        return bool(self.options.get("remix_auto"))

    @property
    def names(self) -> frozenset[str]:
        """The ids by which a caller may ask for this channel."""
        return frozenset({self.id, str(self.options.get("channel_id") or self.id)})


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a channel is."""

    waiting: int = 0
    running: int = 0

    def place_of_next(self, channel: Channel) -> int:
        """Return the next task's place in the queue: 0 runs at once, 1 is the first to wait."""
        return max(0, self.waiting + self.running + 1 - channel.core_size)


_IDLE = Load()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a task asks of a channel."""

    action: Action
    lane: Lane
    selection: Selection = field(default_factory=Selection)  #: What the caller allows.
    prefer_id: str | None = None  #: This one first: follow-ups go where the parent was made.
    provider: str | None = None  #: Only this provider: test keys run on the sandbox.
    waits: bool = True  #: Whether the task may wait for a channel that rests after failures.


class Rule(StrEnum):
    """How a channel is picked among equals (wire/midjourney-proxy section 10)."""

    BEST_WAIT = "best_wait"  #: The one whose queue is shortest by weight.
    ROUND_ROBIN = "round_robin"  #: One after the other.
    WEIGHTED = "weighted"  #: By chance, in proportion to the weights.
    RANDOM = "random"  #: By chance, all alike.
    FILL = "fill"  #: The oldest with a free place, else the shortest queue.


@dataclass(frozen=True, slots=True)
class Luck:
    """What a pick depends on beside the channels, so that picking stays pure."""

    rule: Rule = Rule.BEST_WAIT
    turn: int = 0  #: Counts picks.
    draw: float = 0.0  #: Drawn evenly from 0–1.


def choose(
    wish: Wish,
    channels: Sequence[Channel],
    loads: Mapping[str, Load],
    can: Callable[[Channel, Action], bool],
    *,
    now: datetime,
    luck: Luck = Luck(),
) -> Channel:
    """Pick the channel for a task: capable, enabled, healthy, then priority and the rule.

    A follow-up goes where its parent was made while that channel is healthy; anything else
    avoids paused channels while another one has room. When every channel that could serve
    rests after failures, the task waits for one of them, unless the wish says otherwise.
    Raises NoChannel naming the filter that removed the last channel, or QueueFull when every
    channel that could serve the task has a full queue.
    """
    left = _healthy(_allowed(wish, channels, can), wish, now)
    with_room = [c for c in left if _place(c, loads) <= c.queue_size]
    if not with_room:
        raise QueueFull(facts={"channel_id": left[0].id})
    preferred = [c for c in with_room if c.id == wish.prefer_id]
    # In a paused channel a task would stand while another one could paint it.
    awake = [c for c in with_room if not c.paused] or with_room
    highest = max(c.priority for c in awake)
    group = preferred or [c for c in awake if c.priority == highest]
    return group[0] if len(group) == 1 else _pick(group, loads, luck)


def _allowed(
    wish: Wish, channels: Sequence[Channel], can: Callable[[Channel, Action], bool]
) -> list[Channel]:
    left = [c for c in channels if all(keeps(c, wish, can) for keeps, _ in _FILTERS)]
    if left:
        return left
    # Only now is it worth finding out which filter removed the last one.
    left = list(channels)
    for keeps, reason in _FILTERS:
        left = [c for c in left if keeps(c, wish, can)]
        if not left:
            raise NoChannel(reason(wish) if channels else "no channel is configured")
    raise AssertionError("the filters keep one by one what they keep together")


def _healthy(left: list[Channel], wish: Wish, now: datetime) -> list[Channel]:
    healthy = [c for c in left if not c.is_broken(now)]
    if not healthy and not wish.waits:
        raise NoChannel(f"channel {left[0].id} rests after failures: {left[0].broken_reason}")
    return healthy or left


def _pick(group: Sequence[Channel], loads: Mapping[str, Load], luck: Luck) -> Channel:
    if luck.rule is Rule.ROUND_ROBIN:
        return sorted(group, key=lambda c: c.id)[luck.turn % len(group)]
    if luck.rule is Rule.RANDOM:
        return group[int(luck.draw * len(group)) % len(group)]
    if luck.rule is Rule.WEIGHTED:
        point = luck.draw * sum(max(0, c.weight) for c in group)
        for channel in group:
            point -= max(0, channel.weight)
            if point < 0:
                return channel
    if luck.rule is Rule.FILL:
        free = [c for c in group if _place(c, loads) == 0]
        if free:
            return free[0]
    return min(
        group,
        key=lambda c: (
            _place(c, loads) / max(1, c.weight),
            _busy(c, loads) / max(1, c.weight * c.core_size),
            c.id,
        ),
    )


Can = Callable[[Channel, Action], bool]
_FILTERS: tuple[tuple[Callable[[Channel, Wish, Can], bool], Callable[[Wish], str]], ...] = (
    (lambda c, wish, can: c.enabled, lambda wish: "every channel is disabled"),
    (
        lambda c, wish, can: can(c, wish.action),
        lambda wish: f"no channel can {wish.action.lower()}",
    ),
    (
        lambda c, wish, can: _named(c, wish.selection),
        lambda wish: f"channel {wish.selection.channel_id} is not available",
    ),
    (
        lambda c, wish, can: wish.provider in (None, c.provider),
        lambda wish: "no channel runs this provider",
    ),
    (
        lambda c, wish, can: wish.selection.remark in c.remark,
        lambda wish: f"no channel has a remark with {wish.selection.remark!r}",
    ),
    (
        lambda c, wish, can: _remixes(c, wish.selection),
        lambda wish: f"no channel has remix {_switch(wish.selection.remix)}",
    ),
    (
        lambda c, wish, can: wish.lane in c.lanes,
        lambda wish: f"no channel serves {wish.lane} speed",
    ),
)


def _named(channel: Channel, only: Selection) -> bool:
    return not only.channel_id or only.channel_id in channel.names


def _remixes(channel: Channel, only: Selection) -> bool:
    if only.remix is None:
        return True
    return only.remix == (channel.remix and not (only.auto_is_off and channel.remix_auto))


def _switch(on: bool | None) -> str:
    return "on" if on else "off"


def _place(channel: Channel, loads: Mapping[str, Load]) -> int:
    return loads.get(channel.id, _IDLE).place_of_next(channel)


def _busy(channel: Channel, loads: Mapping[str, Load]) -> int:
    load = loads.get(channel.id, _IDLE)
    return load.waiting + load.running
