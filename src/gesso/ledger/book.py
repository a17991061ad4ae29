"""The verbs that move money: top up, adjust, hold, capture, release.

Each verb posts entries and changes the balances that go with them, inside a unit of work
and therefore inside the transaction that changes the task or the relayed call. References
name it and the verb, and are unique in the table, so no verb can happen twice to one of them.

    outside ──top_up──▶ available ──hold──▶ held ──capture──▶ revenue
                            ◀──────release────┘
"""

from __future__ import annotations

import functools

from gesso.domain.call import Call
from gesso.domain.caller import Account
from gesso.domain.errors import InsufficientFunds, NotFound
from gesso.domain.task import Task
from gesso.ledger.money import write_dollars
from gesso.storage.ledger_entries import Entry
from gesso.storage.unit import Unit

#: What money is held for.
Payable = Task | Call

FUNDING, REVENUE = "gesso/funding", "gesso/revenue"


def available(account_id: str) -> str:
    """Name the ledger account of what a customer can spend."""
    return f"{account_id}/available"


def held(account_id: str) -> str:
    """Name the ledger account of what is reserved for open tasks and calls."""
    return f"{account_id}/held"


@functools.lru_cache(maxsize=4096)
def _ends(account_id: str) -> tuple[str, str]:
    """Return both ledger accounts of a customer: each call names them six times."""
    return available(account_id), held(account_id)


def top_up(unit: Unit, account_id: str, nanos: int, *, reference: str, note: str = "") -> None:
    """Credit money that came from outside; `reference` makes it happen only once."""
    if nanos <= 0:
        raise ValueError("a top-up must be positive")
    _post(unit, "top_up", reference, (FUNDING, available(account_id)), nanos, account_id, note)
    _change(unit, _account(unit, account_id), nanos, 0)


def adjust(unit: Unit, account_id: str, nanos: int, *, reference: str, note: str) -> None:
    """Correct a balance by hand, up or down, never below zero; `note` says why."""
    if nanos == 0 or not note:
        raise ValueError("an adjustment needs an amount and a reason")
    account = _account(unit, account_id)
    if nanos < 0:
        _need(account, -nanos)
    ends = (FUNDING, available(account_id)) if nanos > 0 else (available(account_id), FUNDING)
    _post(unit, "adjust", reference, ends, abs(nanos), account_id, note)
    _change(unit, account, nanos, 0)


def hold(unit: Unit, task: Payable, *, spend_limit_nanos: int | None = None) -> None:
    """Reserve a price, once for a task or call; raises InsufficientFunds and reserves nothing."""
    nanos = task.price_nanos
    if nanos == 0:
        return
    account = _account(unit, task.account_id)
    _need(account, nanos)
    spent = unit.spent.get(task.key_id)
    if spend_limit_nanos is not None:
        _need_room(unit.spent[task.key_id], nanos, spend_limit_nanos)
    if spent is not None:
        unit.save_spent(task.key_id, spent + nanos)
    free, kept = _ends(task.account_id)
    _post_task(unit, "hold", task, free, kept, nanos)
    unit.save_account(account.moved(-nanos, nanos))


def extend(unit: Unit, call: Call, nanos: int) -> Call:
    """Enlarge a call's hold, once, by as much of `nanos` as the account has; returns the call.

    A call may use more than was foreseen. What the account cannot pay is our loss: a
    balance is never overdrawn.
    """
    account = _account(unit, call.account_id)
    nanos = min(nanos, account.available_nanos)
    if nanos <= 0:
        return call
    free, kept = _ends(account.id)
    _post_task(unit, "extend", call, free, kept, nanos)
    _change(unit, account, -nanos, nanos)
    if call.key_id in unit.spent:
        unit.save_spent(call.key_id, unit.spent[call.key_id] + nanos)
    return call._replace(price_nanos=call.price_nanos + nanos)


def capture(unit: Unit, task: Payable, nanos: int) -> None:
    """Take what was delivered out of the hold and give the rest back to where it came from."""
    whole = task.price_nanos
    if not 0 <= nanos <= whole:
        raise ValueError(f"cannot capture {nanos} of a hold of {whole}")
    if whole == 0:
        return
    free, kept = _ends(task.account_id)
    if nanos:
        _post_task(unit, "capture", task, kept, REVENUE, nanos)
    if rest := whole - nanos:
        _post_task(unit, "release", task, kept, free, rest)
        if (spent := unit.spent.get(task.key_id)) is not None:
            unit.save_spent(task.key_id, spent - rest)
    unit.save_account(_account(unit, task.account_id).moved(rest, -whole))


def release(unit: Unit, task: Payable) -> None:
    """Give the whole hold back to the account and the key that it came from."""
    capture(unit, task, 0)


def _post_task(
    unit: Unit, verb: str, task: Payable, source: str, destination: str, nanos: int
) -> None:
    name = task.id  # A task's is a number, a call's a text.
    row = (
        f"{name}/{verb}", verb, source, destination, nanos, task.account_id, task.key_id,
        task.price_key, unit.now, name if isinstance(name, int) else None, "",
    )  # fmt: skip
    unit.post(tuple.__new__(Entry, row))  # By its name it takes twice as long.


def _post(
    unit: Unit,
    verb: str,
    reference: str,
    ends: tuple[str, str],
    nanos: int,
    account_id: str,
    note: str,
) -> None:
    unit.post(Entry(reference, verb, *ends, nanos, account_id, None, "", unit.now, note=note))


def _account(unit: Unit, account_id: str) -> Account:
    account = unit.accounts.get(account_id)
    if account is None:
        raise NotFound(f"no such account: {account_id}")
    return account


def _need(account: Account, nanos: int) -> None:
    has = account.available_nanos
    if has < nanos:
        raise InsufficientFunds(
            f"the balance is ${write_dollars(has)}; ${write_dollars(nanos)} are needed"
        )


def _need_room(spent: int, nanos: int, most: int) -> None:
    """Raise InsufficientFunds when a key would spend more than it may."""
    if spent + nanos > most:
        raise InsufficientFunds(
            f"this key may spend ${write_dollars(most)} and has spent "
            f"${write_dollars(spent)}; this costs ${write_dollars(nanos)}"
        )


def _change(unit: Unit, account: Account, available_nanos: int, held_nanos: int) -> None:
    unit.save_account(account.moved(available_nanos, held_nanos))
