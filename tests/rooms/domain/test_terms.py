"""Terms of an order, kept with the task and not handed on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gesso.domain.order import Order
from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.domain.terms import Terms, is_late

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def task(order: Order) -> Task:
    return Task(
        id=1, account_id="a", key_id="k", action=Action.IMAGINE, status=TaskStatus.QUEUED,
        lane=Lane.FAST, submitted_at=NOW, order=order.stored(),
    )  # fmt: skip


def order() -> Order:
    return Order(Action.IMAGINE, "imagine", "apimart", "/imagine a", details={"seed": 1})


def test_terms_come_back_as_they_were_given() -> None:
    terms = Terms("https://x.example/callback", "fr", {"a": [1]}, NOW + timedelta(hours=1), 2, 5)
    found = Terms.of(task(terms.on(order())))
    assert found == Terms("https://x.example/callback", "fr", {"a": [1]}, terms.start_by, 2)
    assert task(terms.on(order())).order["seed"] == 1


def test_no_terms_leave_no_trace() -> None:
    assert "terms" not in task(Terms().on(order())).order
    assert Terms.of(task(order())) == Terms()


def test_an_answer_adds_to_the_terms_of_its_question() -> None:
    kept = Terms(webhook="https://x.example", language="fr").added_to({})
    both = Terms(language="de").added_to(kept)
    assert both["terms"] == {"webhook": "https://x.example", "language": "de"}


def test_late_is_at_the_deadline() -> None:
    waiting = task(Terms(start_by=NOW).on(order()))
    assert is_late(waiting, NOW)
    assert not is_late(waiting, NOW - timedelta(milliseconds=1))
    assert not is_late(task(order()), NOW)
