"""What test cards of pictures and of models have in common: a name, an argument, their reading."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gesso.domain.errors import InvalidOrder

C = TypeVar("C", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a card does and what may stand behind its colon."""

    about: str
    argument: str = ""  #: What the argument means; empty when the card takes none.
    accepts: Callable[[str], bool] = lambda text: not text
    at_submit: bool = False  #: Played where the order is taken, and not by the provider.


def is_seconds(most: float) -> Callable[[str], bool]:
    """Return what accepts a number of seconds up to `most`."""

    def accepts(text: str) -> bool:
        try:
            seconds = float(text)
        except ValueError:
            return False
        return math.isfinite(seconds) and 0 <= seconds <= most

    return accepts


def read_card(word: str, rules: Mapping[C, Rule]) -> tuple[C, str]:
    """Return the card that a word such as `slow:3` plays, and its argument.

    Raises InvalidOrder that names the card nobody knows, or whose argument is wrong.
    """
    name, _, argument = word.partition(":")
    card = next((one for one in rules if one == name.lower()), None)
    if card is None:
        known = ", ".join(rules)
        raise InvalidOrder(
            f"--sandbox knows no card {name[:40]!r} here; it knows {known}", param="sandbox"
        )
    rule = rules[card]
    if not rule.accepts(argument):
        takes = f"takes {rule.argument}" if rule.argument else "takes no argument"
        raise InvalidOrder(f"--sandbox {card} {takes}, not {argument[:40]!r}", param="sandbox")
    return card, argument
