"""The moderation model: a short list of words by category. Pure, and no real protection."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Category of the OpenAI wire → words that flag a text.
WORDS: Mapping[str, tuple[str, ...]] = {
    "harassment": ("idiot", "loser"),
    "harassment/threatening": (),
    "hate": ("subhuman",),
    "hate/threatening": (),
    "illicit": ("counterfeit",),
    "illicit/violent": (),
    "self-harm": ("self-harm",),
    "self-harm/instructions": (),
    "self-harm/intent": (),
    "sexual": ("porn", "nude"),
    "sexual/minors": (),
    "violence": ("kill", "murder", "stab"),
    "violence/graphic": ("gore", "dismember"),
}


def moderate(text: str) -> dict[str, object]:
    """Return the result for one text, as the OpenAI wire shows it."""
    flags, scores = {}, {}
    for category, words in WORDS.items():
        hits = sum(len(re.findall(rf"(?<!\w){re.escape(w)}", text, re.IGNORECASE)) for w in words)
        flags[category] = hits > 0
        scores[category] = round(1 - 0.5**hits, 6) if hits else 0.0
    applied = {category: ["text"] if WORDS[category] else [] for category in WORDS}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": scores,
        "category_applied_input_types": applied,
    }
