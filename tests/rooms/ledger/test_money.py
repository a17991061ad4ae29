"""Amounts as text and as integers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.ledger.money import LARGEST, read_dollars, share, write_dollars


@given(st.integers(-LARGEST, LARGEST))
def test_text_and_back(nanos: int) -> None:
    assert read_dollars(write_dollars(nanos)) == nanos


@pytest.mark.parametrize(
    ("text", "nanos"), [("0.04504", 45_040_000), ("10", 10**10), ("-1.5", -15 * 10**8)]
)
def test_known_amounts(text: str, nanos: int) -> None:
    assert read_dollars(text) == nanos


@pytest.mark.parametrize(
    "text", ["", "1e3", "nan", "1.1234567891", "٣", "+1", "1,5", "99999999999"]
)
def test_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        read_dollars(text)


@given(st.integers(0, LARGEST), st.integers(1, 20), st.data())
def test_a_share_never_takes_too_much(nanos: int, expected: int, data: st.DataObject) -> None:
    delivered = data.draw(st.integers(0, expected))
    part = share(nanos, delivered, expected)
    assert 0 <= part * expected <= nanos * delivered
    assert share(nanos, expected, expected) == nanos
