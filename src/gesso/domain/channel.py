"""A channel: a configured provider that tasks are sent to; and the pure choice between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gesso.domain.errors import NoChannel, QueueFull
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


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a channel is."""

    waiting: int = 0
    running: int = 0

    def place_of_next(self, channel: Channel) -> int:
        """Return the next task's place in the queue: 0 runs at once, 1 is the first to wait."""
        return max(0, self.waiting + self.running + 1 - channel.core_size)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a task asks of a channel."""

    action: Action
    lane: Lane
    channel_id: str | None = None  #: Only this one, when the caller named it.
    prefer_id: str | None = None  #: This one first: follow-ups go where the parent was made.
    provider: str | None = None  #: Only this provider: test keys run on the sandbox.
    remark: str = ""
    lanes: tuple[Lane, ...] = ()


def choose(
    wish: Wish,
    channels: Sequence[Channel],
    loads: Mapping[str, Load],
    can: Callable[[Channel, Action], bool],
) -> Channel:
    """Pick the channel for a task: capable, enabled, then priority, weight, least waiting.

    Raises NoChannel naming the filter that removed the last channel, or QueueFull when
    every channel that could serve the task has a full queue.
    """
    left = list(channels)
    for reason, keeps in (
        ("no channel is configured", lambda c: True),
        ("every channel is disabled", lambda c: c.enabled),
        (f"no channel can {wish.action.lower()}", lambda c: can(c, wish.action)),
        (f"channel {wish.channel_id} is not available", lambda c: _named(c, wish)),
        ("no channel runs this provider", lambda c: wish.provider in (None, c.provider)),
        (f"no channel has a remark with {wish.remark!r}", lambda c: wish.remark in c.remark),
        (f"no channel serves {wish.lane} speed", lambda c: wish.lane in c.lanes),
    ):
        left = [c for c in left if keeps(c)]
        if not left:
            raise NoChannel(reason)
    with_room = [c for c in left if _place(c, loads) <= c.queue_size]
    if not with_room:
        raise QueueFull(facts={"channel_id": left[0].id})
    return min(
        with_room,
        key=lambda c: (
            c.id != wish.prefer_id if wish.prefer_id else False,
            -c.priority,
            _place(c, loads) / max(1, c.weight),
            _busy(c, loads) / max(1, c.weight * c.core_size),
            c.id,
        ),
    )


def _named(channel: Channel, wish: Wish) -> bool:
    return wish.channel_id in (None, channel.id)


def _place(channel: Channel, loads: Mapping[str, Load]) -> int:
    return loads.get(channel.id, Load()).place_of_next(channel)


def _busy(channel: Channel, loads: Mapping[str, Load]) -> int:
    load = loads.get(channel.id, Load())
    return load.waiting + load.running
