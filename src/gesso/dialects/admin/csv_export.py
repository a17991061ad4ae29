"""Lists as CSV: a header from the type, then row by row while pages are read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, get_args, get_type_hints

import msgspec

from gesso.dialects.admin.wire import Money

Fetch = Callable[[str], Awaitable[tuple[Sequence[msgspec.Struct], str | None]]]

#: Spreadsheets run a cell that begins so as a formula; a plain negative number is none.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"-?[0-9.]+", re.ASCII)


def columns_of(view: type[msgspec.Struct]) -> list[tuple[str, str | None]]:
    """Return (field, part) of each column: money becomes two of them."""
    found: list[tuple[str, str | None]] = []
    hints = get_type_hints(view)
    for name in view.__struct_fields__:
        kind = hints[name]
        if Money in (kind, *get_args(kind)):
            found += [(name, part) for part in Money.__struct_fields__]
        else:
            found.append((name, None))
    return found


async def stream(
    view: type[msgspec.Struct], first: tuple[Sequence[msgspec.Struct], str | None], fetch: Fetch
) -> AsyncIterator[bytes]:
    """Yield the header and every row; `first` is the page that was read already."""
    columns = columns_of(view)
    yield _lines([[name if part is None else f"{name}_{part}" for name, part in columns]])
    items, cursor = first
    while True:
        yield _lines([[_cell(item, *column) for column in columns] for item in items])
        if cursor is None:
            return
        items, cursor = await fetch(cursor)


def _cell(item: msgspec.Struct, name: str, part: str | None) -> str:
    value = getattr(item, name)
    if part is not None and value is not None:
        value = getattr(value, part)
    text = _text(msgspec.to_builtins(value))
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
