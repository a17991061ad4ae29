"""/ledger and /usage: the books, read only."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.wire import Moment, Money, Page, Paged, Query, View, write_money
from gesso.domain import ids
from gesso.domain.permission import Permission
from gesso.services.browse import Entry, Filter
from gesso.services.office import Office


class EntryQuery(Paged):
    """Which postings."""

    account: Query = ""
    key: Query = ""
    verb: Query = ""
    task: Query = ""
    since: Moment | None = None
    until: Moment | None = None


class StatementQuery(Paged):
    """Which lines of a statement."""

    since: Moment | None = None
    until: Moment | None = None


class UsageQuery(Paged):
    """Which captures, and by what they are summed: day, action, account, key."""

    by: Annotated[str, Meta(max_length=60)] = "day"
    account: Query = ""
    key: Query = ""
    since: Moment | None = None
    until: Moment | None = None


class EntryView(View):
    """A posting: `amount` goes from `source` to `destination`."""

    id: int
    posted_at: Moment
    verb: str
    source: str
    destination: str
    amount: Money
    account: str
    key: str | None
    task: str | None
    price_key: str
    reference: str
    note: str


class StatementLine(View):
    """A posting as the account's owner sees it: plus is money they can spend."""

    id: int
    posted_at: Moment
    verb: str
    amount: Money
    task: str | None
    key: str | None
    price_key: str
    note: str


class FindingView(View):
    """A disagreement in the books."""

    what: str
    of: str
    expected: Money
    found: Money


class CheckView(View):
    """The proof of the books: `drift` must be zero."""

    ok: bool
    drift: Money
    accounts: int
    open_tasks: int
    held: Money
    findings: list[FindingView]


class UsageView(View):
    """What was captured; fields that were not summed by are empty."""

    day: date | None
    action: str
    model: str  #: The price key: the model, and for a task what was made and how fast.
    account: str
    key: str
    tasks: int
    amount: Money


class Ledger:
    """The handlers of these nouns."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._desk = office.books

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table = Table("ledger")
        table.list(
            "/ledger/entries", self.entries, "List postings",
            answer=Page[EntryView], query=EntryQuery,
        )  # fmt: skip
        table.list(
            "/accounts/{account_id}/statement", self.statement, "Get an account's statement",
            answer=Page[StatementLine], query=StatementQuery,
        )  # fmt: skip
        table.add(
            "GET", "/ledger/check", self.check, "Prove that the books are right",
            permission=Permission.READ, answer=CheckView,
        )  # fmt: skip
        table.list(
            "/usage", self.usage, "Sum what was captured, by day, action, model, account or key",
            answer=Page[UsageView], query=UsageQuery,
        )  # fmt: skip
        return table.rows

    async def entries(self, call: Call[EntryQuery, None]) -> tuple[list[EntryView], str | None]:
        """GET /ledger/entries."""
        query = call.query
        wanted = Filter(
            account_id=query.account,
            key_id=query.key,
            verb=query.verb,
            task_id=ids.read_task_id(query.task) if query.task else None,
            since=query.since,
            until=query.until,
        )
        found, cursor = await self._desk.entries(wanted, call.part)
        return [_write_entry(number, entry) for number, entry in found], cursor

    async def statement(
        self, call: Call[StatementQuery, None]
    ) -> tuple[list[StatementLine], str | None]:
        """GET /accounts/{account_id}/statement."""
        query = call.query
        wanted = Filter(account_id=call.path["account_id"], since=query.since, until=query.until)
        found, cursor = await self._desk.statement(wanted, call.part)
        return [_write_line(number, entry, nanos) for number, entry, nanos in found], cursor

    async def check(self, call: Call[None, None]) -> CheckView:
        """GET /ledger/check."""
        report = await self._desk.check()
        return CheckView(
            ok=not report.findings,
            drift=write_money(report.drift_nanos),
            accounts=report.accounts,
            open_tasks=report.open_tasks,
            held=write_money(report.held_nanos),
            findings=[
                FindingView(
                    what=f.what,
                    of=f.account,
                    expected=write_money(f.expected_nanos),
                    found=write_money(f.found_nanos),
                )
                for f in report.findings
            ],
        )

    async def usage(self, call: Call[UsageQuery, None]) -> tuple[list[UsageView], str | None]:
        """GET /usage."""
        query, names = call.query, {"account": "account_id", "key": "key_id", "model": "price_key"}
        groups = [names.get(word.strip(), word.strip()) for word in query.by.split(",")]
        wanted = Filter(
            account_id=query.account, key_id=query.key, since=query.since, until=query.until
        )
        found, cursor = await self._desk.usage(groups, wanted, call.part)
        views = [
            UsageView(
                day=u.day,
                action=u.action,
                model=u.price_key,
                account=u.account_id,
                key=u.key_id,
                tasks=u.tasks,
                amount=write_money(u.amount_nanos),
            )
            for u in found
        ]
        return views, cursor


def _write_entry(number: int, entry: Entry) -> EntryView:
    return EntryView(
        id=number,
        posted_at=entry.posted_at,
        verb=entry.verb,
        source=entry.source,
        destination=entry.destination,
        amount=write_money(entry.amount_nanos),
        account=entry.account_id,
        key=entry.key_id,
        task=None if entry.task_id is None else str(entry.task_id),
        price_key=entry.price_key,
        reference=entry.reference,
        note=entry.note,
    )


def _write_line(number: int, entry: Entry, nanos: int) -> StatementLine:
    return StatementLine(
        id=number,
        posted_at=entry.posted_at,
        verb=entry.verb,
        amount=write_money(nanos),
        task=None if entry.task_id is None else str(entry.task_id),
        key=entry.key_id,
        price_key=entry.price_key,
        note=entry.note,
    )
