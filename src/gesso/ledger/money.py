"""Money: integer nano-dollars everywhere, and the only two places where text meets them."""

from __future__ import annotations

import re

#: Nano-dollars in one US dollar.
DOLLAR = 1_000_000_000
#: Largest amount of one posting: a billion dollars still fits a 64-bit sum of nine of them.
LARGEST = 10**9 * DOLLAR

_AMOUNT = re.compile(r"(-?)([0-9]{1,10})(?:\.([0-9]{1,9}))?", re.ASCII)


def read_dollars(text: str) -> int:
    """Return the nano-dollars of a decimal amount such as `10` or `0.04504`.

    Raises ValueError for anything else: exponents, signs other than minus, more than nine
    decimals.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an amount of dollars: {text!r}")
    sign, whole, part = match.groups()
    nanos = int(whole) * DOLLAR + int((part or "").ljust(9, "0"))
    if nanos > LARGEST:
        raise ValueError(f"too large an amount: {text!r}")
    return -nanos if sign else nanos


def write_dollars(nanos: int) -> str:
    """Return an amount as decimal dollars, exact, with at least two decimals."""
    whole, part = divmod(abs(nanos), DOLLAR)
    decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nanos < 0 else ''}{whole}.{decimals}"


def share(nanos: int, delivered: int, expected: int) -> int:
    """Return the part of a price for a partial delivery, rounded down: in doubt we lose."""
    if not 0 <= delivered <= expected or expected == 0:
        raise ValueError(f"delivered {delivered} of {expected}")
    return nanos * delivered // expected
