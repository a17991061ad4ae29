"""Write the audit log: what changed, in the transaction of the change, without secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.actor import Actor
from gesso.domain.caller import Account, ApiKey, User
from gesso.domain.channel import Channel
from gesso.kit import clock
from gesso.storage import audit
from gesso.storage.audit import Record
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Operation

T = TypeVar("T")
#: What an option's name holds when its value is a credential.
_SECRET_WORDS = ("key", "secret", "token", "password", "cookie", "auth", "credential", "proxy")
MASK = "***"
#: Set by the database or by others, and so no change of an operator's.
_NOT_OURS = {
    "broken_until", "broken_reason", "calls_rest_until", "calls_rest_reason", "created_at",
    "available_nanos", "held_nanos", "spent_nanos", "account_enabled", "account_limits",
}  # fmt: skip


def masked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a channel's options with the values of credentials left out."""
    return {
        name: MASK if any(word in name.lower() for word in _SECRET_WORDS) else value
        for name, value in options.items()
    }


def facts(thing: Account | ApiKey | User | Channel) -> dict[str, Any]:
    """Return what an operator may set of a thing, as JSON would hold it."""
    if isinstance(thing, Account):
        values = thing._asdict()
    else:
        values = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
    if isinstance(thing, Channel):
        values["options"] = masked(thing.options)
        values["lanes"] = sorted(thing.lanes)
    found: dict[str, Any] = msgspec.to_builtins(values)
    return {name: value for name, value in found.items() if name not in _NOT_OURS}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return `before` and `after` of a record: only the fields that differ."""
    names = [n for n in after if before.get(n) != after[n]]
    return {"before": {n: before.get(n) for n in names}, "after": {n: after[n] for n in names}}


async def keep(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    target: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append one record by the transaction of `connection`."""
    await audit.append(connection, [Record(actor, action, target, before, after)], clock.now())


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """An operation of the writer that leaves a record when it was not refused."""

    operation: Operation[T]
    record: Record

    @property
    def needs(self) -> Needs:
        """What the operation needs."""
        return self.operation.needs

    def apply(self, unit: Unit) -> T:
        """Apply the operation and append the record."""
        result = self.operation.apply(unit)
        unit.record(self.record)
        return result
