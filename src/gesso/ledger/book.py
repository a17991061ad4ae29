"""The verbs that move money: top up, adjust, hold, capture, release.

Each verb posts entries and changes the balances that go with them, inside a unit of work
and therefore inside the transaction that changes the task. References name the task and the
verb, and are unique in the table, so no verb can happen twice to one task.

    outside ──top_up──▶ available ──hold──▶ held ──capture──▶ revenue
                            ◀──────release────┘
"""

from __future__ import annotations

from dataclasses import replace

from gesso.domain.errors import InsufficientFunds, NotFound
from gesso.domain.task import Task
from gesso.ledger.money import write_dollars
from gesso.storage.ledger_entries import Entry
from gesso.storage.unit import Unit

FUNDING, REVENUE = "gesso/funding", "gesso/revenue"


def available(account_id: str) -> str:
    """Name the ledger account of what a customer can spend."""
    return f"{account_id}/available"


def held(account_id: str) -> str:
    """Name the ledger account of what is reserved for open tasks."""
    return f"{account_id}/held"


def top_up(unit: Unit, account_id: str, nanos: int, *, reference: str, note: str = "") -> None:
    """Credit money that came from outside; `reference` makes it happen only once."""
    if nanos <= 0:
        raise ValueError("a top-up must be positive")
    _post(unit, "top_up", reference, FUNDING, available(account_id), nanos, account_id, note=note)
    _change(unit, account_id, nanos, 0)


def adjust(unit: Unit, account_id: str, nanos: int, *, reference: str, note: str) -> None:
    """Correct a balance by hand, up or down, never below zero; `note` says why."""
    if nanos == 0 or not note:
        raise ValueError("an adjustment needs an amount and a reason")
    if nanos < 0:
        _need(unit, account_id, -nanos)
    ends = (FUNDING, available(account_id)) if nanos > 0 else (available(account_id), FUNDING)
    _post(unit, "adjust", reference, *ends, abs(nanos), account_id, note=note)
    _change(unit, account_id, nanos, 0)


def hold(unit: Unit, task: Task, *, spend_limit_nanos: int | None = None) -> None:
    """Reserve a task's price, once in its life; raises InsufficientFunds and reserves nothing."""
    nanos = task.price_nanos
    if nanos == 0:
        return
    _need(unit, task.account_id, nanos)
    if spend_limit_nanos is not None:
        spent = unit.spent[task.key_id] + nanos
        if spent > spend_limit_nanos:
            raise InsufficientFunds(
                f"this key may spend ${write_dollars(spend_limit_nanos)} and has spent "
                f"${write_dollars(spent - nanos)}; the task costs ${write_dollars(nanos)}"
            )
    if task.key_id in unit.spent:
        unit.save_spent(task.key_id, unit.spent[task.key_id] + nanos)
    _post_task(unit, "hold", task, available(task.account_id), held(task.account_id), nanos)
    _change(unit, task.account_id, -nanos, nanos)


def capture(unit: Unit, task: Task, nanos: int) -> None:
    """Take what was delivered out of the hold and give the rest back."""
    if not 0 <= nanos <= task.price_nanos:
        raise ValueError(f"cannot capture {nanos} of a hold of {task.price_nanos}")
    if nanos:
        _post_task(unit, "capture", task, held(task.account_id), REVENUE, nanos)
        _change(unit, task.account_id, 0, -nanos)
    _give_back(unit, task, task.price_nanos - nanos)


def release(unit: Unit, task: Task) -> None:
    """Give the whole hold back to the account and the key that it came from."""
    _give_back(unit, task, task.price_nanos)


def _give_back(unit: Unit, task: Task, nanos: int) -> None:
    if nanos == 0:
        return
    _post_task(unit, "release", task, held(task.account_id), available(task.account_id), nanos)
    _change(unit, task.account_id, nanos, -nanos)
    if task.key_id in unit.spent:
        unit.save_spent(task.key_id, unit.spent[task.key_id] - nanos)


def _post_task(
    unit: Unit, verb: str, task: Task, source: str, destination: str, nanos: int
) -> None:
    _post(
        unit,
        verb,
        f"{task.id}/{verb}",
        source,
        destination,
        nanos,
        task.account_id,
        key_id=task.key_id,
        task_id=task.id,
        price_key=task.price_key,
    )


def _post(
    unit: Unit,
    verb: str,
    reference: str,
    source: str,
    destination: str,
    nanos: int,
    account_id: str,
    *,
    key_id: str | None = None,
    task_id: int | None = None,
    price_key: str = "",
    note: str = "",
) -> None:
    unit.post(
        Entry(
            reference=reference,
            verb=verb,
            source=source,
            destination=destination,
            amount_nanos=nanos,
            account_id=account_id,
            posted_at=unit.now,
            key_id=key_id,
            task_id=task_id,
            price_key=price_key,
            note=note,
        )
    )


def _account(unit: Unit, account_id: str) -> None:
    if account_id not in unit.accounts:
        raise NotFound(f"no such account: {account_id}")


def _need(unit: Unit, account_id: str, nanos: int) -> None:
    _account(unit, account_id)
    has = unit.accounts[account_id].available_nanos
    if has < nanos:
        raise InsufficientFunds(
            f"the balance is ${write_dollars(has)}; ${write_dollars(nanos)} are needed"
        )


def _change(unit: Unit, account_id: str, available_nanos: int, held_nanos: int) -> None:
    _account(unit, account_id)
    account = unit.accounts[account_id]
    unit.save_account(
        replace(
            account,
            available_nanos=account.available_nanos + available_nanos,
            held_nanos=account.held_nanos + held_nanos,
        )
    )
