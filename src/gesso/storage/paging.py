"""Keyset paging: a page starts right after the last row of the one before.

No offset is counted, so page one million costs what page one costs, and rows that come in
between neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.errors import InvalidOrder

_CURSOR = msgspec.json.Decoder(list[int | str])
_MAX_CURSOR = 2000


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list: at most `limit` rows after the `cursor` of the page before."""

    limit: int
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """By which columns a list is sorted; together they are unique."""

    columns: tuple[ColumnElement[Any], ...]
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of rows, and the cursor of the next page when there is one."""

    rows: Sequence[Any]
    cursor: str | None


async def read_page(
    connection: AsyncConnection, statement: Select[Any], order: Order, part: Slice
) -> Rows:
    """Read one page; raises InvalidOrder for a cursor that is not of this list."""
    columns = order.columns
    if part.cursor:
        after = _read_cursor(part.cursor, columns)
        bounds = tuple_(*(literal(v, c.type) for v, c in zip(after, columns, strict=True)))
        here = tuple_(*columns)
        statement = statement.where(here < bounds if order.newest_first else here > bounds)
    statement = statement.order_by(*(c.desc() if order.newest_first else c for c in columns))
    # One row more than asked for tells whether there is a next page.
    result = await connection.execute(statement.limit(part.limit + 1))
    found = result.mappings().all()
    if len(found) <= part.limit:
        return Rows(found, None)
    last = found[part.limit - 1]
    return Rows(found[: part.limit], _write_cursor([last[c.key] for c in columns]))


def _write_cursor(values: Sequence[int | str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def _read_cursor(text: str, columns: Sequence[ColumnElement[Any]]) -> list[int | str]:
    """Return the values of a cursor; a stranger may have made it up."""
    try:
        if len(text) > _MAX_CURSOR:
            raise ValueError(text[:20])
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = _CURSOR.decode(raw)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise _bad_cursor() from error
    kinds = [c.type.python_type for c in columns]
    if [type(v) for v in values] != kinds or not all(_is_storable(v) for v in values):
        raise _bad_cursor()
    return values


def _is_storable(value: int | str) -> bool:
    return -(2**63) <= value < 2**63 if isinstance(value, int) else "\x00" not in value


def _bad_cursor() -> InvalidOrder:
    return InvalidOrder("this cursor does not belong to this list", param="cursor")


def page_of(keys: Sequence[str], part: Slice) -> tuple[list[str], str | None]:
    """Return a page of sorted keys that are at hand already; raises InvalidOrder."""
    after = ""
    if part.cursor:
        after = str(_read_cursor(part.cursor, (literal(""),))[0])
    later = [key for key in keys if key > after]
    more = len(later) > part.limit
    return later[: part.limit], _write_cursor([later[part.limit - 1]]) if more else None
