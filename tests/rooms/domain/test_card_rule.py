"""How a card is read, whatever it plays."""

from __future__ import annotations

from enum import StrEnum

import pytest

from gesso.domain.card_rule import Rule, is_seconds, read_card
from gesso.domain.errors import InvalidOrder


class Kind(StrEnum):
    SLOW = "slow"
    CUT = "cut"


RULES = {Kind.SLOW: Rule("Slow.", "seconds", is_seconds(9)), Kind.CUT: Rule("Cut.")}


def test_a_card_is_read_in_any_case_with_its_argument() -> None:
    assert read_card("Slow:0.5", RULES) == (Kind.SLOW, "0.5")
    assert read_card("cut", RULES) == (Kind.CUT, "")


@pytest.mark.parametrize(
    ("word", "says"),
    [("fast", "it knows slow, cut"), ("cut:1", "cut takes no argument"), ("slow", "takes seconds")],
)
def test_a_fault_says_what_would_be_right(word: str, says: str) -> None:
    with pytest.raises(InvalidOrder, match=says) as fault:
        read_card(word, RULES)
    assert fault.value.param == "sandbox"


@pytest.mark.parametrize("text", ["10", "-1", "inf", "nan", "", "x"])
def test_seconds_have_bounds(text: str) -> None:
    assert not is_seconds(9)(text)
