"""/channels: configured backends."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.wire import Body, Id, Moment, Name, Page, Paged, Text, View, given
from gesso.domain.channel import Channel, Load
from gesso.domain.permission import Permission
from gesso.domain.task import Lane
from gesso.services.manage_channels import masked
from gesso.services.office import Office
from gesso.services.relay_breaker import Health

Size = Annotated[int, Meta(ge=1, le=1000)]
Queue = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[int, Meta(ge=1, le=86400)]
Weight = Annotated[int, Meta(ge=1, le=1_000_000)]
Rank = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Options = Annotated[dict[str, Any], Meta(max_length=100)]
Lanes = Annotated[tuple[Lane, ...], Meta(min_length=1, max_length=3)]


class NewChannel(Body):
    """A channel to create."""

    name: Name
    provider: Id
    base_url: Text = ""
    options: Options = field(default_factory=dict)
    lanes: Lanes = tuple(Lane)
    core_size: Size = 3
    queue_size: Queue = 10
    timeout_s: Seconds = 300
    weight: Weight = 1
    priority: Rank = 0
    remark: Text = ""
    enabled: bool = True
    paused: bool = False


class ChannelChange(Body):
    """What to change of a channel; what is left out stays.

    Disabled, it gets no new tasks; paused, it accepts tasks and starts none.
    """

    name: Name | UnsetType = UNSET
    base_url: Text | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    lanes: Lanes | UnsetType = UNSET
    core_size: Size | UnsetType = UNSET
    queue_size: Queue | UnsetType = UNSET
    timeout_s: Seconds | UnsetType = UNSET
    weight: Weight | UnsetType = UNSET
    priority: Rank | UnsetType = UNSET
    remark: Text | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    paused: bool | UnsetType = UNSET


class RelayView(View):
    """How a channel that relays calls does, as the process that answers knows it."""

    breaker: Annotated[str, Meta(pattern="^(closed|open|half-open)$")]
    failures: int
    open_until: Moment | None
    reason: str
    keys: int
    keys_resting: int  #: Refused or too busy a moment ago.


class ChannelView(View):
    """A channel and how busy it is; credentials among its options are masked."""

    id: str
    name: str
    provider: str
    enabled: bool
    paused: bool
    base_url: str
    options: dict[str, Any]
    lanes: list[Lane]
    core_size: int
    queue_size: int
    timeout_s: int
    weight: int
    priority: int
    remark: str
    waiting: int
    running: int
    created_at: Moment | None
    broken_until: Moment | None = None  #: Rests after failures until then.
    broken_reason: str = ""  #: Why it rests; empty for a healthy channel.
    relay: RelayView | None = None  #: Of channels that relay calls.


class TestView(View):
    """Whether a channel's backend would work."""

    works: bool
    reason: str = ""


class RecordQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How far to look back; thirty days at most."""

    hours: Annotated[int, Meta(ge=1, le=720)] = 24


class HourView(View):
    """What came of the tasks that a channel got in one hour, and how long they ran."""

    at: Moment
    succeeded: int
    failed: int
    cancelled: int
    median_ms: int | None
    p95_ms: int | None


def _relay(health: Health | None) -> RelayView | None:
    if health is None:
        return None
    return RelayView(
        breaker=health.breaker,
        failures=health.failures,
        open_until=health.open_until,
        reason=health.reason,
        keys=health.keys,
        keys_resting=health.keys_resting,
    )


def _write(found: tuple[Channel, Load], health: Health | None) -> ChannelView:
    channel, load = found
    return ChannelView(
        id=channel.id,
        name=channel.name,
        provider=channel.provider,
        enabled=channel.enabled,
        paused=channel.paused,
        base_url=channel.base_url,
        options=masked(channel.options),
        lanes=sorted(channel.lanes),
        core_size=channel.core_size,
        queue_size=channel.queue_size,
        timeout_s=channel.timeout_s,
        weight=channel.weight,
        priority=channel.priority,
        remark=channel.remark,
        waiting=load.waiting,
        running=load.running,
        created_at=channel.created_at,
        broken_until=channel.broken_until,
        broken_reason=channel.broken_reason,
        relay=_relay(health),
    )


class Channels:
    """The handlers of this noun."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._desk = office.channels
        self._records = office.records

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table, one, may = Table("channels"), "/channels/{channel_id}", Permission.CHANNELS
        table.list("/channels", self.page, "List channels", answer=Page[ChannelView])
        table.add(
            "POST", "/channels", self.create, "Create a channel",
            permission=may, body=NewChannel, answer=ChannelView, status=201,
            example={"name": "second sandbox", "provider": "sandbox", "core_size": 2},
        )  # fmt: skip
        table.add(
            "GET", one, self.get, "Get a channel",
            permission=Permission.READ, answer=ChannelView,
        )  # fmt: skip
        table.add(
            "PATCH", one, self.change, "Change, enable, disable, pause or resume a channel",
            permission=may, body=ChannelChange, answer=ChannelView, example={"paused": True},
            description="Disabled, it gets no new tasks; paused, it accepts tasks and starts "
            "none. An option that is sent back masked keeps its value.",
        )  # fmt: skip
        table.add(
            "POST", one + "/test", self.test, "Ask a channel's backend whether it would work",
            permission=may, answer=TestView,
            description="Starts nothing and costs nothing; a channel that rests goes on resting.",
        )  # fmt: skip
        table.add(
            "GET", one + "/record", self.record, "Tell how a channel did, hour by hour",
            permission=Permission.READ, answer=list[HourView], query=RecordQuery,
            description="By the hour of the submit, oldest first; of the newest 20,000 tasks.",
        )  # fmt: skip
        table.add(
            "DELETE", one, self.remove, "Delete a disabled channel without open tasks",
            permission=may, status=204, errors=(409,),
        )  # fmt: skip
        return table.rows

    async def page(self, call: Call[Paged, None]) -> tuple[list[ChannelView], str | None]:
        """GET /channels."""
        found, cursor = await self._desk.page(call.part)
        return [self._shown(one) for one in found], cursor

    async def create(self, call: Call[None, NewChannel]) -> ChannelView:
        """POST /channels."""
        values = _values(call.body)
        return self._shown(await self._desk.create(call.actor, Channel(id="", **values)))

    async def get(self, call: Call[None, None]) -> ChannelView:
        """GET /channels/{channel_id}."""
        return self._shown(await self._desk.get(call.path["channel_id"]))

    async def change(self, call: Call[None, ChannelChange]) -> ChannelView:
        """PATCH /channels/{channel_id}."""
        channel_id = call.path["channel_id"]
        return self._shown(await self._desk.change(call.actor, channel_id, _values(call.body)))

    async def test(self, call: Call[None, None]) -> TestView:
        """POST /channels/{channel_id}/test."""
        reason = await self._desk.test(call.path["channel_id"])
        return TestView(works=not reason, reason=reason)

    async def record(self, call: Call[RecordQuery, None]) -> list[HourView]:
        """GET /channels/{channel_id}/record."""
        return [
            HourView(
                at=one.at,
                succeeded=one.succeeded,
                failed=one.failed,
                cancelled=one.cancelled,
                median_ms=one.median_ms,
                p95_ms=one.p95_ms,
            )
            for one in await self._records.hours(call.path["channel_id"], call.query.hours)
        ]

    async def remove(self, call: Call[None, None]) -> None:
        """DELETE /channels/{channel_id}."""
        await self._desk.remove(call.actor, call.path["channel_id"])

    def _shown(self, found: tuple[Channel, Load]) -> ChannelView:
        return _write(found, self._desk.health(found[0]))


def _values(body: NewChannel | ChannelChange) -> dict[str, Any]:
    values = given(body)
    if "lanes" in values:
        values["lanes"] = frozenset(values["lanes"])
    return values
