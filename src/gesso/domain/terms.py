"""Terms of an order beside what is made: who hears of its end, by when, for how much.

They are kept in a task's order under one name, so that follow-ups do not inherit them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gesso.domain.order import Order
from gesso.domain.task import Task

#: Where a task's order keeps its terms.
NAME = "terms"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller asks for beside the work; empty parts ask for nothing."""

    webhook: str = ""  #: URL that hears of the end alone; `notify_hook` hears of every change.
    language: str = ""  #: Of the texts that the webhook gets.
    metadata: Mapping[str, Any] | None = None  #: The caller's own, kept and given back.
    start_by: datetime | None = None  #: Not started by then, the task is given up.
    shown: int | None = None  #: How many of the pictures the caller wants to see.
    max_nanos: int | None = None  #: Refused when it would cost more; not kept.
    moderate: bool = False  #: Whether the caller wants the order checked; not kept.

    @classmethod
    def of(cls, task: Task) -> Terms:
        """Return the terms that a task was taken on."""
        kept = task.order.get(NAME) or {}
        start_by = kept.get("start_by")
        return cls(
            webhook=kept.get("webhook", ""),
            language=kept.get("language", ""),
            metadata=kept.get("metadata"),
            start_by=datetime.fromtimestamp(start_by / 1000, UTC) if start_by else None,
            shown=kept.get("shown"),
        )

    def added_to(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Return a task's order with these terms; parts that are empty keep what was there."""
        kept: dict[str, Any] = dict(order.get(NAME) or {})
        for name in ("webhook", "language", "metadata", "shown"):
            if value := getattr(self, name):
                kept[name] = value
        if self.start_by is not None:
            kept["start_by"] = int(self.start_by.timestamp() * 1000)
        return {**order, NAME: kept} if kept else dict(order)

    def on(self, order: Order) -> Order:
        """Return an order on these terms."""
        if self == NO_TERMS:
            return order
        return replace(order, details=self.added_to(order.details))


#: What an order is taken on when its caller sets nothing.
NO_TERMS = Terms()


def is_late(task: Task, now: datetime) -> bool:
    """Say whether a task was not started by the time that its caller set."""
    start_by = Terms.of(task).start_by if NAME in task.order else None
    return start_by is not None and start_by <= now
