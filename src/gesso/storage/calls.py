"""Rows of `calls`: relayed calls with their hold, their usage and their charge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import String, bindparam, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.call import Call, CallState, Usage
from gesso.kit.clock import millis, moment
from gesso.storage.prepared import Lookup, Prepared
from gesso.storage.schema import calls

_USAGE = Usage._fields
_TIMES = ("started_at", "lease_until", "finished_at")
_PLAIN = tuple(n for n in Call._fields if n not in {"usage", "state", *_TIMES})
_plain = attrgetter(*_PLAIN)
_COLUMNS = (*_PLAIN, "state", *_TIMES, *_USAGE)
_SELECT = select(*(calls.c[name] for name in _COLUMNS))
_FIND = _SELECT.where(calls.c.id.in_(bindparam("ids", expanding=True)))
_LOCK = _FIND.order_by(calls.c.id).with_for_update()
_INSERT = Prepared(insert(calls), _COLUMNS)
#: What is known of a call that begins; the rest of its row is what the table says.
_FIRST = Call._fields[: Call._fields.index("state") + 1]
_UNTIMED = _FIRST.index("started_at")
_STATE_OPEN = CallState.OPEN.value
_INSERT_OPEN = Prepared(insert(calls), _FIRST)
_OPEN = calls.c.state == CallState.OPEN.value
#: The same, written out: nothing but keys is bound.
_IS_OPEN = calls.c.state == literal_column(f"'{CallState.OPEN.value}'", String)
_LOCK_OPEN = Lookup(
    lambda ids: (
        select(calls.c.id)
        .where(calls.c.id.in_(ids), _IS_OPEN)
        .order_by(calls.c.id)
        .with_for_update()
    )
)
#: Counts open calls of accounts by key; an index has all of it.
_COUNT_OPEN = Lookup(
    lambda accounts: (
        select(calls.c.account_id, calls.c.key_id, func.count())
        .where(_IS_OPEN, calls.c.account_id.in_(accounts))
        .group_by(calls.c.account_id, calls.c.key_id)
    )
)


async def lock(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Call]:
    """Read calls for update, in one order for all writers."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await connection.execute(_LOCK, {"ids": wanted})
    return {call.id: call for call in map(_read, rows)}


async def lock_open(connection: AsyncConnection, known: Iterable[Call]) -> dict[str, Call]:
    """Lock calls that the caller opened, and return those of them that are still open.

    Their rows are not read: whoever opened a call knows all of it but whether it was ended.
    """
    wanted = {call.id: call for call in known}
    if not wanted:
        return {}
    rows = await _LOCK_OPEN.rows(connection, sorted(wanted))
    return {name: wanted[name] for (name,) in rows}


async def find(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Call]:
    """Read calls by id, without locks; missing ones are left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await connection.execute(_FIND, {"ids": wanted})
    return {call.id: call for call in map(_read, rows)}


async def insert_all(connection: AsyncConnection, new: Sequence[Call]) -> None:
    """Insert calls: those that begin with one statement, those that are over with another.

    Of an open call nothing is known but what it begins with.
    """
    begun = [call for call in new if call.state is CallState.OPEN]
    await _INSERT_OPEN.run(connection, [_write_open(call) for call in begun])
    if len(begun) < len(new):
        over = [_write(call) for call in new if call.state is not CallState.OPEN]
        await _INSERT.run(connection, over)


_TOKENS, _OTHER_USAGE = _USAGE[:3], _USAGE[3:]
_NO_OTHER = Usage()[3:]
_USUAL = (
    "price_nanos", "state", "charged_nanos", *_TOKENS, "channel_id", "upstream_key", "status",
    "finished_at",
)  # fmt: skip


def _updating(names: Sequence[str]) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    statement = update(calls).where(calls.c.id == bindparam("key")).values(values)
    return Prepared(statement, (*(f"new_{name}" for name in names), "key"))


_UPDATE_USUAL = _updating(_USUAL)
_UPDATE = _updating((*_USUAL, *_OTHER_USAGE, "upstream_id", "error"))


async def update_all(connection: AsyncConnection, changed: Sequence[Call]) -> None:
    """Store what became of open calls.

    Most used tokens alone and went well: the rest of their rows stays as it began.
    """
    usual: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    # What is committed together has ended at the same moment.
    times = {moment: millis(moment) for moment in {call.finished_at for call in changed}}
    for call in changed:
        (
            name, _, _, _, _, _, price_nanos, _, _, state, charged_nanos, usage, channel_id,
            upstream_id, upstream_key, status, error, finished_at,
        ) = call  # fmt: skip
        # In the order of the columns, so that nothing is put into another one.
        row = (
            price_nanos, state._value_, charged_nanos, *usage[:3], channel_id, upstream_key,
            status, times[finished_at],
        )  # fmt: skip
        if upstream_id is None and error is None and usage[3:] == _NO_OTHER:
            usual.append((*row, name))
        else:
            others.append((*row, *usage[3:], upstream_id, error, name))
    await _UPDATE_USUAL.run(connection, usual)
    await _UPDATE.run(connection, others)


async def renew(connection: AsyncConnection, ids: Sequence[str], until: datetime) -> None:
    """Keep the leases of open calls alive."""
    if ids:
        statement = update(calls).where(calls.c.id.in_(ids), _OPEN)
        await connection.execute(statement.values(lease_until=millis(until)))


async def find_dead(connection: AsyncConnection, now: datetime, *, limit: int) -> list[Call]:
    """Read open calls whose lease has run out."""
    statement = _SELECT.where(_OPEN, calls.c.lease_until < millis(now)).limit(limit)
    return [_read(row) for row in await connection.execute(statement)]


async def find_by_upstream_id(
    connection: AsyncConnection, account_id: str, upstream_id: str
) -> Call | None:
    """Read the newest call of an account that made a stored response, or None."""
    statement = _SELECT.where(
        calls.c.upstream_id == upstream_id, calls.c.account_id == account_id
    ).order_by(calls.c.started_at.desc())
    row = (await connection.execute(statement.limit(1))).first()
    return None if row is None else _read(row)


async def count_open_of(connection: AsyncConnection, accounts: Iterable[str]) -> dict[str, int]:
    """Return how many open calls accounts have, and which of their keys have how many."""
    found = dict.fromkeys(accounts, 0)
    if not found:
        return found
    for account_id, key_id, count in await _COUNT_OPEN.rows(connection, list(found)):
        found[account_id] += int(count)
        found[key_id] = int(count)
    return found


async def sum_open(connection: AsyncConnection) -> dict[str, int]:
    """Return what open calls hold, by account."""
    statement = (
        select(calls.c.account_id, func.sum(calls.c.price_nanos))
        .where(_OPEN)
        .group_by(calls.c.account_id)
    )
    return {name: int(total) for name, total in await connection.execute(statement)}


async def sum_charged(connection: AsyncConnection) -> int:
    """Return what all calls together were charged."""
    statement = select(func.coalesce(func.sum(calls.c.charged_nanos), 0))
    return int((await connection.execute(statement)).scalar_one())


async def count_open(connection: AsyncConnection) -> int:
    """Return how many calls are open."""
    return int(
        (
            await connection.execute(select(func.count()).select_from(calls).where(_OPEN))
        ).scalar_one()
    )


def _write_open(call: Call) -> tuple[Any, ...]:
    times = millis(call.started_at), millis(call.lease_until), _STATE_OPEN
    return call[:_UNTIMED] + times


def _write(call: Call) -> tuple[Any, ...]:
    times = millis(call.started_at), millis(call.lease_until), millis(call.finished_at)
    return *_plain(call), call.state.value, *times, *call.usage


def _read(row: Any) -> Call:
    """Read a row of `_SELECT`, by place: twice as fast as by name."""
    plain = dict(zip(_PLAIN, row, strict=False))
    state, started_at, lease_until, finished_at, *used = row[len(_PLAIN) :]
    return Call(
        **plain,
        state=CallState(state),
        started_at=moment(started_at),
        lease_until=moment(lease_until),
        finished_at=None if finished_at is None else moment(finished_at),
        usage=Usage(*used),
    )
