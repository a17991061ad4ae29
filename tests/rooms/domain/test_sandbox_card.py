"""The table of test cards: complete, and every fault named."""

from __future__ import annotations

import pytest

from gesso.domain.errors import InvalidOrder
from gesso.domain.sandbox_card import RULES, Card, read_cards
from gesso.providers.sandbox import PLAYED


def test_every_card_has_a_rule_and_is_played_somewhere() -> None:
    assert set(RULES) == set(Card)
    assert all(rule.about for rule in RULES.values())
    at_submit = {card for card, rule in RULES.items() if rule.at_submit}
    assert at_submit | PLAYED == set(Card)
    assert not at_submit & PLAYED


def test_several_cards_in_one_prompt() -> None:
    cards = read_cards("slow:1.5 partial:2 Blank fail:banned")
    assert cards == {"slow": "1.5", "partial": "2", "blank": "", "fail": "banned"}
    assert read_cards("") == {}


@pytest.mark.parametrize(
    "text",
    ["nonsense", "slow", "slow:x", "slow:nan", "slow:-1", "slow:3601", "partial:5", "partial:-1",
     "blank:1", "fail", "busy:1.5", "busy:100", "busy:²"],
)  # fmt: skip
def test_a_fault_names_its_card(text: str) -> None:
    with pytest.raises(InvalidOrder, match=text.partition(":")[0]) as fault:
        read_cards(text)
    assert fault.value.param == "sandbox"
