"""Test cards of the sandbox: `--sandbox <card>[:<argument>] …` in a prompt plays an outcome.

As payment services have card numbers that always fail, so every outcome, error and delay of
gesso can be had on demand. One table; several cards may stand in one prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from gesso.domain.card_rule import Rule, is_seconds, read_card


class Card(StrEnum):
    """The name of a test card, as it is written."""

    FAIL = "fail"
    SLOW = "slow"
    SLOW_START = "slow-start"
    PARTIAL = "partial"
    BLANK = "blank"
    MODERATED = "moderated"
    LOST = "lost"
    BUSY = "busy"
    CRASH = "crash"
    GARBLED = "garbled"
    STUCK = "stuck"
    MODAL = "modal"
    QUEUE_FULL = "queue-full"


def _is_count(most: int) -> Callable[[str], bool]:
    return lambda text: text.isascii() and text.isdecimal() and len(text) < 4 and int(text) <= most


RULES: Mapping[Card, Rule] = {
    Card.FAIL: Rule("The job fails with this code.", "code", bool),
    Card.SLOW: Rule("The job takes this long.", "seconds, 0–3600", is_seconds(3600)),
    Card.SLOW_START: Rule("No progress for this long, then as usual.", "seconds", is_seconds(3600)),
    Card.PARTIAL: Rule("Only so many of the four pictures come.", "0–4", _is_count(4)),
    Card.BLANK: Rule("No painting at all, for load tests."),
    Card.MODERATED: Rule("The job is stopped by output filters, with code `moderated`."),
    Card.LOST: Rule("Nobody can tell whether the order was taken, so the task ends as lost."),
    Card.BUSY: Rule("The first attempts are turned away; later ones work.", "0–99", _is_count(99)),
    Card.CRASH: Rule("The provider breaks with a bug of its own while it is polled."),
    Card.GARBLED: Rule("What is delivered is no picture."),
    Card.STUCK: Rule("The job never moves, until it times out."),
    Card.MODAL: Rule("The submit asks for a dialog first.", at_submit=True),
    Card.QUEUE_FULL: Rule("The submit is refused as if the queue were full.", at_submit=True),
}


def read_cards(text: str) -> dict[Card, str]:
    """Return the cards of a `--sandbox` value with their arguments, in order.

    Raises InvalidOrder that names the card nobody knows, or whose argument is wrong.
    """
    return dict(read_card(word, RULES) for word in text.split())
