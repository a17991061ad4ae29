"""What operators look at: tasks, the books, the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement

from gesso.domain.actor import Actor
from gesso.domain.errors import InvalidOrder, NotFound
from gesso.domain.task import Task
from gesso.kit.clock import millis
from gesso.ledger import audit as proof
from gesso.ledger import journal
from gesso.ledger.audit import Report
from gesso.ledger.book import available
from gesso.ledger.journal import GROUPS, Entry, Filter, Usage
from gesso.services.record import Recorded
from gesso.services.settle import Cancel
from gesso.storage import accounts, audit, task_pages
from gesso.storage.audit import Record
from gesso.storage.database import Database
from gesso.storage.paging import Slice
from gesso.storage.reader import Reader
from gesso.storage.schema import audit as audit_table
from gesso.storage.task_pages import TaskFilter
from gesso.storage.writer import Writer

__all__ = ["BookDesk", "Entry", "Filter", "Record", "Report", "TaskDesk", "TaskFilter", "TrailDesk"]


class TaskDesk:
    """Serves operators with tasks of every account."""

    def __init__(self, database: Database, reader: Reader, writer: Writer) -> None:
        """Hold the rows, the group reader and the writer."""
        self._database = database
        self._reader = reader
        self._writer = writer

    async def page(self, wanted: TaskFilter, part: Slice) -> tuple[list[Task], str | None]:
        """Return a page of tasks, newest first."""
        async with self._database.reading() as connection:
            return await task_pages.find_page(connection, wanted, part)

    async def get(self, task_id: int) -> Task:
        """Return a task of any account; raises NotFound."""
        task = await self._reader.find(task_id)
        if task is None:
            raise NotFound(f"no such task: {task_id}")
        return task

    async def cancel(self, actor: Actor, task_id: int) -> Task:
        """Cancel an open task and give its hold back; raises IllegalMove for an ended one."""
        task = await self.get(task_id)
        record = Record(actor, "task.cancel", str(task_id), before={"status": task.status})
        return await self._writer.write(Recorded(Cancel(task), record))


class BookDesk:
    """Serves operators with the ledger; nothing here writes."""

    def __init__(self, database: Database) -> None:
        """Hold the rows."""
        self._database = database

    async def entries(
        self, wanted: Filter, part: Slice
    ) -> tuple[list[tuple[int, Entry]], str | None]:
        """Return a page of postings with their numbers, newest first."""
        async with self._database.reading() as connection:
            return await journal.entries(connection, wanted, part)

    async def statement(
        self, wanted: Filter, part: Slice
    ) -> tuple[list[tuple[int, Entry, int]], str | None]:
        """Return a page of an account's postings, each with what it changed of the balance.

        Raises NotFound when there is no such account.
        """
        async with self._database.reading() as connection:
            if not await accounts.lock(connection, [wanted.account_id]):
                raise NotFound(f"no such account: {wanted.account_id[:60]}")
            found, cursor = await journal.entries(connection, wanted, part)
        own = available(wanted.account_id)
        return [(number, e, _change(e, own)) for number, e in found], cursor

    async def check(self) -> Report:
        """Prove that all sums are zero and that open holds equal open tasks."""
        async with self._database.snapshot() as connection:
            return await proof.check(connection)

    async def usage(
        self, groups: Sequence[str], wanted: Filter, part: Slice
    ) -> tuple[list[Usage], str | None]:
        """Return a page of sums over what was captured; raises InvalidOrder for the groups."""
        if not groups or len(set(groups)) != len(groups) or set(groups) - set(GROUPS):
            raise InvalidOrder(f"by must name some of {', '.join(GROUPS)}", param="by")
        async with self._database.reading() as connection:
            return await journal.usage(connection, groups, wanted, part)


def _change(entry: Entry, own: str) -> int:
    # A capture moves what was held before: it does not change what can be spent.
    return ((entry.destination == own) - (entry.source == own)) * entry.amount_nanos


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which records of the audit log; an empty field leaves out nothing."""

    actor_id: str = ""
    user_id: str = ""
    action: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None  #: Exclusive.


class TrailDesk:
    """Serves operators with the audit log."""

    def __init__(self, database: Database) -> None:
        """Hold the rows."""
        self._database = database

    async def page(self, wanted: TrailFilter, part: Slice) -> tuple[list[Record], str | None]:
        """Return a page of records, newest first."""
        table = audit_table.c
        where: list[ColumnElement[bool]] = []
        for name in ("actor_id", "user_id", "action", "target"):
            value: Any = getattr(wanted, name)
            if value:
                where.append(table[name] == value)
        if wanted.since is not None:
            where.append(table["at"] >= millis(wanted.since))
        if wanted.until is not None:
            where.append(table["at"] < millis(wanted.until))
        async with self._database.reading() as connection:
            return await audit.find_page(connection, where, part)
