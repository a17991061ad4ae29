"""Weigh the words of a prompt and tell it in fewer; a small model that can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gesso.painting.words import is_known, names_style, names_subject

_TOKEN = re.compile(r"[\u4e00-\u9fff]+|[^\s,.;:!?()\[\]{}\"'，。；：！？]+")
_FILLERS = """
a an the and or but of in on at by to for from with without into onto over under as is are was were
be been being it its this that these those there which who whose very really quite some any many
much more most just also than then so such please make create draw show me my i you we picture
image photo of 的 了 在 和 与 一个 一只 一幅
"""
_EMPTY = frozenset(_FILLERS.split())
_COMPLIMENTS = """
beautiful stunning amazing awesome gorgeous incredible epic perfect masterpiece best quality high
detailed highly ultra hyper intricate professional award winning trending artstation 4k 8k hd uhd
hdr octane unreal render sharp focus realistic photorealistic cinematic dramatic lovely nice
wonderful magnificent breathtaking
"""
#: Praise that prompts are full of, and that changes next to nothing.
_PRAISE = frozenset(_COMPLIMENTS.split())
_SHARES = (0.75, 0.55, 0.40, 0.28, 0.18)
#: From this weight on a word is shown as important; the best one always has 1.
_KEPT = 0.35
_BAR = 20


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a prompt with its weight, 0–1."""

    word: str
    weight: float


def weigh(text: str) -> list[Token]:
    """Return the words of a prompt with what they matter to the painter.

    A word counts by its class (thing, style, place, filler, praise), by how early it stands,
    by its length as a sign of rarity, and less when it was said before.
    """
    words = _TOKEN.findall(text)
    raw = []
    seen: set[str] = set()
    for place, word in enumerate(words):
        low = word.lower()
        early = 1.0 - 0.3 * place / max(1, len(words) - 1)
        rare = min(1.0, 0.55 + 0.06 * len(low)) if low.isascii() else 1.0
        again = 0.4 if low in seen else 1.0
        seen.add(low)
        raw.append(_class_weight(low) * (0.5 + 0.5 * early) * rare * again)
    most = max(raw, default=1.0) or 1.0
    return [Token(w, round(min(1.0, r / most), 2)) for w, r in zip(words, raw, strict=True)]


def shorten(text: str) -> list[str]:
    """Return up to five prompts, each shorter than the one before, words in their order."""
    tokens = weigh(text)
    ranked = sorted(range(len(tokens)), key=lambda i: (-tokens[i].weight, i))
    lines: list[str] = []
    before = len(tokens) + (len(tokens) == 1)
    for share in _SHARES:
        count = min(max(1, round(share * len(tokens))), before - 1)
        if count < 1:
            break
        before = count
        lines.append(" ".join(tokens[i].word for i in sorted(ranked[:count])))
    return lines


def explain(text: str, lines: list[str], details: bool) -> str:
    """Return the result as markdown: what is kept, the lines, and on request every weight."""
    tokens = weigh(text)
    marked = [f"**{t.word}**" if t.weight >= _KEPT else f"~~{t.word}~~" for t in tokens]
    if details:
        marked = [f"{m} ({t.weight:.2f})" for m, t in zip(marked, tokens, strict=True)]
    parts = ["## Important tokens", " ".join(marked), "## Shortened prompts"]
    parts += [f"{n}️⃣ {line}" for n, line in enumerate(lines, 1)]
    if details:
        ranked = sorted(tokens, key=lambda t: -t.weight)
        bars = [
            f"`{'█' * round(t.weight * _BAR):<{_BAR}}` {t.word} ({t.weight:.2f})" for t in ranked
        ]
        parts += ["## Weights", "\n".join(bars)]
    return "\n\n".join(parts)


def _class_weight(word: str) -> float:
    if word in _EMPTY:
        return 0.06
    if word in _PRAISE:
        return 0.22
    if names_subject(word):
        return 1.0
    if names_style(word):
        return 0.65
    return 0.8 if is_known(word) else 0.55
