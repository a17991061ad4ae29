"""Test cards of the sandbox's models: `--sandbox <card>[:<argument>] …` plays an outcome.

They stand in the last words of a chat, in the input of an embedding, a speech or a
moderation, or in the `prompt` of a transcription. One table; several may follow one another.
Those of pictures are in `domain/sandbox_card.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from gesso.domain.card_rule import Rule, is_seconds, read_card

#: How long a card may hold an answer up, in seconds.
MOST_S = 120.0
_CARDS = re.compile(r"--sandbox((?:\s+[a-z][a-z-]*(?::\S*)?)+)\s*$", re.IGNORECASE)
_STATUSES = frozenset({400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529})


class RelayCard(StrEnum):
    """The name of a test card, as it is written."""

    ERROR = "error"
    SLOW = "slow"
    DRIP = "drip"
    CUT = "cut"
    GARBLED = "garbled"
    SILENT = "silent"


def _is_status(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) == 3 and int(text) in _STATUSES


RELAY_RULES: Mapping[RelayCard, Rule] = {
    RelayCard.ERROR: Rule(
        "The call is refused with this status, as the maker of a model would; 429 and 503 say "
        "`retry-after: 1`.",
        "status, such as 429",
        _is_status,
    ),
    RelayCard.SLOW: Rule("The first byte takes this long.", "seconds, 0–120", is_seconds(MOST_S)),
    RelayCard.DRIP: Rule(
        "So long a pause before each further part of a stream.",
        "seconds, 0–120",
        is_seconds(MOST_S),
    ),
    RelayCard.CUT: Rule("The connection breaks in the middle of the answer."),
    RelayCard.GARBLED: Rule("The answer is a page of HTML where JSON was asked for."),
    RelayCard.SILENT: Rule("A stream that tells no usage, so that it is estimated."),
}


def split_cards(text: str) -> tuple[str, dict[RelayCard, str]]:
    """Return a text without the cards at its end, and these with their arguments.

    Raises InvalidOrder that names the card nobody knows, or whose argument is wrong.
    """
    found = _CARDS.search(text)
    if found is None:
        return text, {}
    cards = dict(read_card(word, RELAY_RULES) for word in found[1].split())
    return text[: found.start()].rstrip(), cards
