"""/deliveries and /audit: what was told to receivers, and who changed what."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.wire import Body, Id, Moment, Page, Paged, Query, Url, View
from gesso.domain import ids
from gesso.domain.actor import ActorKind
from gesso.domain.permission import Permission
from gesso.services.browse import Record, TrailFilter
from gesso.services.manage_deliveries import Delivery, DeliveryFilter, Try
from gesso.services.office import Office


class DeliveryQuery(Paged):
    """Which callbacks."""

    state: Annotated[str, Meta(pattern="^(|waiting|sent|dead|superseded)$")] = ""
    account: Query = ""
    key: Query = ""
    task: Query = ""
    host: Query = ""
    since: Moment | None = None
    until: Moment | None = None


class DeliveryView(View):
    """A callback; its id is the `webhook-id` that receivers see."""

    id: str
    task: str
    version: int
    final: bool
    url: str
    account: str
    key: str
    state: str
    attempts: int
    due_at: Moment
    created_at: Moment
    closed_at: Moment | None
    answer: str | None


class AttemptView(View):
    """One call of the receiver: a status, or the error that stood in the way."""

    sent_at: Moment
    duration_ms: int
    status: int | None
    error: str
    response: str


class DeliveryDetail(View):
    """A callback with every call of its receiver."""

    delivery: DeliveryView
    attempts: list[AttemptView]


class TestEvent(Body):
    """Where to send a test event, and as whose: a key or an account signs it."""

    url: Url
    owner: Id | None = None


class TestResult(View):
    """What came back of a test event."""

    id: str
    delivered: bool
    attempt: AttemptView


class AuditQuery(Paged):
    """Which records."""

    actor: Query = ""
    user: Query = ""
    action: Query = ""
    target: Query = ""
    since: Moment | None = None
    until: Moment | None = None


class RecordView(View):
    """One change: who, what, on what, and the fields before and after it."""

    id: int
    at: Moment | None
    actor_kind: ActorKind
    actor: str
    user: str
    address: str
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Deliveries:
    """The handlers of these nouns."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._desk = office.deliveries
        self._trail = office.trail

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table, trail, one = Table("deliveries"), Table("audit"), "/deliveries/{delivery_id}"
        may = Permission.DELIVERIES
        table.list(
            "/deliveries", self.page, "Search callbacks",
            answer=Page[DeliveryView], query=DeliveryQuery,
        )  # fmt: skip
        table.add(
            "POST", "/deliveries/test", self.test, "Send a test event to a URL now",
            permission=may, body=TestEvent, answer=TestResult,
            example={"url": "https://example.com/hook"},
        )  # fmt: skip
        table.add(
            "GET", one, self.get, "Get a callback with every try",
            permission=Permission.READ, answer=DeliveryDetail,
        )  # fmt: skip
        table.add(
            "POST", one + "/redeliver", self.redeliver, "Send a callback again, same event id",
            permission=may, answer=DeliveryDetail, errors=(409,),
        )  # fmt: skip
        trail.list(
            "/audit", self.trail, "Read the audit log", answer=Page[RecordView], query=AuditQuery
        )
        return [*table.rows, *trail.rows]

    async def page(self, call: Call[DeliveryQuery, None]) -> tuple[list[DeliveryView], str | None]:
        """GET /deliveries."""
        query = call.query
        wanted = DeliveryFilter(
            state=query.state,
            account_id=query.account,
            key_id=query.key,
            host=query.host,
            task_id=ids.read_task_id(query.task) if query.task else None,
            since=query.since,
            until=query.until,
        )
        found, cursor = await self._desk.page(wanted, call.part)
        return [_write(one) for one in found], cursor

    async def get(self, call: Call[None, None]) -> DeliveryDetail:
        """GET /deliveries/{delivery_id}."""
        return _write_detail(*await self._desk.get(call.path["delivery_id"]))

    async def redeliver(self, call: Call[None, None]) -> DeliveryDetail:
        """POST /deliveries/{delivery_id}/redeliver."""
        found = await self._desk.redeliver(call.actor, call.path["delivery_id"])
        return _write_detail(*found)

    async def test(self, call: Call[None, TestEvent]) -> TestResult:
        """POST /deliveries/test."""
        body = call.body
        event_id, posted = await self._desk.test(call.actor, body.url, body.owner or "")
        return TestResult(
            id=event_id, delivered=posted.delivered, attempt=_write_try(posted.as_try)
        )

    async def trail(self, call: Call[AuditQuery, None]) -> tuple[list[RecordView], str | None]:
        """GET /audit."""
        query = call.query
        wanted = TrailFilter(
            actor_id=query.actor,
            user_id=query.user,
            action=query.action,
            target=query.target,
            since=query.since,
            until=query.until,
        )
        found, cursor = await self._trail.page(wanted, call.part)
        return [_write_record(one) for one in found], cursor


def _write(one: Delivery) -> DeliveryView:
    return DeliveryView(
        id=one.id,
        task=str(one.task_id),
        version=one.version,
        final=one.final,
        url=one.url,
        account=one.account_id,
        key=one.key_id,
        state=one.state,
        attempts=one.attempts,
        due_at=one.due_at,
        created_at=one.created_at,
        closed_at=one.closed_at,
        answer=one.answer,
    )


def _write_try(one: Try) -> AttemptView:
    return AttemptView(
        sent_at=one.sent_at,
        duration_ms=one.duration_ms,
        status=one.status,
        error=one.error,
        response=one.response,
    )


def _write_detail(one: Delivery, tries: list[Try]) -> DeliveryDetail:
    return DeliveryDetail(delivery=_write(one), attempts=[_write_try(t) for t in tries])


def _write_record(one: Record) -> RecordView:
    return RecordView(
        id=one.id,
        at=one.at,
        actor_kind=one.actor.kind,
        actor=one.actor.id,
        user=one.actor.user_id,
        address=one.actor.address,
        action=one.action,
        target=one.target,
        before=None if one.before is None else dict(one.before),
        after=None if one.after is None else dict(one.after),
    )
