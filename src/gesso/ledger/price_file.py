"""Price lists as files: JSON or CSV, read into nano-dollars by price key. Pure: no I/O.

JSON is either flat, `{"openai@gpt-4o:input": "2.50"}`, or what `/pricing.json` answers, so that
one installation can take over the list of another. CSV has the columns `key,price`, or
`model` and one column per unit: `model,input,cached,output`. Amounts are US dollars.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from gesso.ledger.model_prices import PREFIX, UNITS
from gesso.ledger.money import DOLLAR, LARGEST

#: What a price key may look like.
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._/:*+-]{0,119}", re.ASCII)
#: Most lines of one file.
_MOST = 20_000
_UNIT = re.compile(rf"(?:{'|'.join(UNITS)}|image-[a-z0-9]+)", re.ASCII)


def read_prices(text: str, *, multiplier: str = "1") -> dict[str, int]:
    """Return nano-dollars by price key, times a factor, rounded up to a whole nano-dollar.

    Raises ValueError that names the line or the key at fault; then nothing of it holds.
    """
    factor = _decimal(multiplier, "multiplier")
    found: dict[str, int] = {}
    for place, key, amount in _rows(text):
        if KEY.fullmatch(key) is None:
            raise ValueError(f"{place}: {key[:60]!r} is no price key")
        nanos = _decimal(amount, place) * factor * DOLLAR
        if nanos > LARGEST:
            raise ValueError(f"{place}: too large a price")
        if key in found:
            raise ValueError(f"{place}: {key} stands there twice")
        found[key] = int(nanos.to_integral_value(ROUND_CEILING))
        if len(found) > _MOST:
            raise ValueError(f"at most {_MOST} prices at once")
    if not found:
        raise ValueError("there are no prices in it")
    return found


def _rows(text: str) -> Iterator[tuple[str, str, Any]]:
    if text.lstrip().startswith("{"):
        try:
            # Numbers stay the text that they are: no binary fractions.
            whole = json.loads(text, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"this is no JSON: {error}") from None
        yield from _of_json(whole)
    else:
        yield from _of_csv(text.removeprefix("\ufeff"))


def _of_json(whole: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(whole.get("models"), dict):
        yield from ((key, key, amount) for key, amount in whole.items())
        return
    for model, units in whole["models"].items():
        if not isinstance(units, dict):
            raise ValueError(f"{model}: prices by unit are expected")
        yield from ((f"{model}:{unit}", f"{PREFIX}{model}:{unit}", a) for unit, a in units.items())
    tasks = whole.get("tasks") or {}
    yield from ((key, key, amount) for key, amount in tasks.items())


def _of_csv(text: str) -> Iterator[tuple[str, str, Any]]:
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    columns = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    if {"key", "price"} <= set(columns):
        for row in rows:
            yield f"line {rows.line_num}", row["key"], row["price"]
        return
    units = [name for name in columns if _UNIT.fullmatch(name)]
    if "model" not in columns or not units:
        raise ValueError("the first line must name the columns key,price or model,input,output,…")
    for row in rows:
        for unit in units:
            if (row[unit] or "").strip():
                yield f"line {rows.line_num}", f"{PREFIX}{row['model']}:{unit}", row[unit]


def _decimal(text: Any, place: str) -> Decimal:
    try:
        found = Decimal(str(text).strip().removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{place}: {str(text)[:40]!r} is no amount") from None
    if not found.is_finite() or not 0 <= found < 10**10:
        raise ValueError(f"{place}: {str(text)[:40]!r} is no amount")
    return found
