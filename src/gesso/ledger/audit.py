"""Proof that the books are right: what must be zero, and what must agree with the tasks.

Run by `gesso ledger check`, by the sweeper and by every crash test.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.task import FINAL, HELD, TaskStatus
from gesso.ledger.book import available, held
from gesso.ledger.money import write_dollars
from gesso.storage import calls, ledger_entries
from gesso.storage.schema import accounts, tasks


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement in the books; there should be none."""

    what: str
    account: str
    expected_nanos: int
    found_nanos: int

    def __str__(self) -> str:
        """Say the disagreement in one line."""
        return (
            f"{self.what} of {self.account}: expected ${write_dollars(self.expected_nanos)}, "
            f"found ${write_dollars(self.found_nanos)}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check."""

    findings: tuple[Finding, ...]
    accounts: int
    held_nanos: int
    open_tasks: int
    open_calls: int = 0

    @property
    def drift_nanos(self) -> int:
        """Sum of all disagreements; the metric that must stay zero."""
        return sum(abs(f.expected_nanos - f.found_nanos) for f in self.findings)


async def check(connection: AsyncConnection) -> Report:
    """Compare postings, balances and tasks.

    All sums over the postings are zero; each account's two balances equal the sums of its
    postings; each account's held money equals the prices of its open tasks and calls; captured
    money equals what finished tasks and calls say they were charged. Needs a connection whose
    statements see one snapshot, or no writes going on.
    """
    findings: list[Finding] = []
    sums = await ledger_entries.sums(connection)
    findings += _compare("sum over all accounts", "the ledger", 0, sum(sums.values()))
    open_holds = await _sum_prices(connection)
    for name, total in (await calls.sum_open(connection)).items():
        open_holds[name] = open_holds.get(name, 0) + total
    rows = (await connection.execute(select(accounts))).all()
    for row in rows:
        posted = sums.get(held(row.id), 0)
        findings += _compare(
            "available balance", row.id, sums.get(available(row.id), 0), row.available_nanos
        )
        findings += _compare("held balance", row.id, posted, row.held_nanos)
        findings += _compare(
            "holds of open tasks and calls", row.id, open_holds.get(row.id, 0), posted
        )
    findings += _compare(
        "charges of finished tasks and calls",
        "the ledger",
        await _sum_charges(connection) + await calls.sum_charged(connection),
        sums.get("gesso/revenue", 0),
    )
    return Report(
        findings=tuple(findings),
        accounts=len(rows),
        held_nanos=sum(open_holds.values()),
        open_tasks=await _count_open(connection),
        open_calls=await calls.count_open(connection),
    )


def _compare(what: str, account: str, expected: int, found: int) -> list[Finding]:
    return [] if expected == found else [Finding(what, account, expected, found)]


async def _sum_prices(connection: AsyncConnection) -> dict[str, int]:
    statement = (
        select(tasks.c.account_id, func.sum(tasks.c.price_nanos))
        .where(tasks.c.status.in_([s.value for s in HELD]))
        .group_by(tasks.c.account_id)
    )
    return {name: int(total) for name, total in await connection.execute(statement)}


async def _sum_charges(connection: AsyncConnection) -> int:
    statement = select(func.coalesce(func.sum(tasks.c.charged_nanos), 0)).where(
        tasks.c.status == TaskStatus.SUCCEEDED.value
    )
    return int((await connection.execute(statement)).scalar_one())


async def _count_open(connection: AsyncConnection) -> int:
    statement = select(func.count()).where(tasks.c.status.not_in([s.value for s in FINAL]))
    return int((await connection.execute(statement)).scalar_one())
