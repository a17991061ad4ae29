"""The verbs that move money, as a random walk that must always balance."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain.caller import Account
from gesso.domain.errors import InsufficientFunds
from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.ledger import book
from gesso.storage.unit import Unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def unit(nanos: int) -> Unit:
    made = Unit(NOW, accounts={"a": Account("a", "a", 0, 0)}, spent={"k": 0})
    if nanos:
        book.top_up(made, "a", nanos, reference="first")
    return made


def task(number: int, price: int) -> Task:
    base = Task(number, "a", "k", Action.IMAGINE, TaskStatus.QUEUED, Lane.FAST, NOW)
    return replace(base, price_nanos=price)


def sums(made: Unit) -> dict[str, int]:
    totals: dict[str, int] = {}
    for entry in made._entries:
        totals[entry.source] = totals.get(entry.source, 0) - entry.amount_nanos
        totals[entry.destination] = totals.get(entry.destination, 0) + entry.amount_nanos
    return totals


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.integers(0, 300), st.integers(-1, 300)), max_size=20),
)
def test_books_balance_after_any_walk(start: int, steps: list[tuple[int, int]]) -> None:
    made = unit(start)
    for number, (price, captured) in enumerate(steps):
        one = task(number, price)
        try:
            book.hold(made, one)
        except InsufficientFunds:
            assert made.accounts["a"].available_nanos < price
            continue
        if captured < 0:
            book.release(made, one)
        else:
            book.capture(made, one, min(captured, price))
    totals = sums(made)
    account = made.accounts["a"]
    assert sum(totals.values()) == 0
    assert totals.get("a/available", 0) == account.available_nanos >= 0
    assert totals.get("a/held", 0) == account.held_nanos == 0
    assert made.spent["k"] == totals.get("gesso/revenue", 0)
    assert len({e.reference for e in made._entries}) == len(made._entries)


def test_spend_limit_of_a_key() -> None:
    made = unit(1000)
    book.hold(made, task(1, 60), spend_limit_nanos=100)
    with pytest.raises(InsufficientFunds, match="this key may spend"):
        book.hold(made, task(2, 60), spend_limit_nanos=100)
    book.release(made, task(1, 60))
    book.hold(made, task(3, 100), spend_limit_nanos=100)


def test_adjust_never_goes_below_zero() -> None:
    made = unit(50)
    book.adjust(made, "a", -50, reference="r1", note="chargeback")
    with pytest.raises(InsufficientFunds):
        book.adjust(made, "a", -1, reference="r2", note="more")
    with pytest.raises(ValueError, match="reason"):
        book.adjust(made, "a", 1, reference="r3", note="")


def test_more_than_the_hold_is_not_captured() -> None:
    made = unit(50)
    book.hold(made, task(1, 50))
    with pytest.raises(ValueError, match="cannot capture"):
        book.capture(made, task(1, 50), 51)
