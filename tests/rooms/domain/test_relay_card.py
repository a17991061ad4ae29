"""The table of test cards for models: complete, and every fault named."""

from __future__ import annotations

import pytest

from gesso.domain.errors import InvalidOrder
from gesso.domain.relay_card import RELAY_RULES, RelayCard, split_cards
from gesso.sandbox_models.answer import PLAYED


def test_every_card_has_a_rule_and_is_played() -> None:
    assert set(RELAY_RULES) == set(RelayCard) == PLAYED
    assert all(rule.about for rule in RELAY_RULES.values())


def test_cards_stand_at_the_end_and_are_taken_off() -> None:
    text, cards = split_cards("what is --sandbox for? --sandbox error:429 Slow:0.5 cut")
    assert text == "what is --sandbox for?"
    assert cards == {"error": "429", "slow": "0.5", "cut": ""}
    assert split_cards("tell me of the --sandbox, please") == (
        "tell me of the --sandbox, please", {},
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["nonsense", "error", "error:200", "error:4290", "slow:x", "slow:nan", "slow:121", "slow:-1",
     "cut:1", "drip:∞"],
)  # fmt: skip
def test_a_fault_names_its_card(text: str) -> None:
    with pytest.raises(InvalidOrder, match=text.partition(":")[0]) as fault:
        split_cards(f"hello --sandbox {text}")
    assert fault.value.param == "sandbox"
