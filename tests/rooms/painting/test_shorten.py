"""Shorten: ever shorter lines, of the words that matter."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gesso.painting.shorten import explain, shorten, weigh

LONG = "a beautiful highly detailed painting of a red fox standing in the snowy forest at dawn, 8k"


def test_lines_get_shorter_and_keep_what_matters() -> None:
    lines = shorten(LONG)
    assert len(lines) == 5
    lengths = [len(line.split()) for line in lines]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 5
    assert all("fox" in line for line in lines)
    assert "8k" not in lines[2]
    assert "the" not in lines[2].split()


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    lines = shorten(text)
    tokens = weigh(text)
    assert len(lines) <= 5
    assert all(0 <= token.weight <= 1 for token in tokens)
    lengths = [len(line.split()) for line in lines]
    assert all(a > b for a, b in itertools.pairwise(lengths))
    explain(text, lines, True)


def test_markdown() -> None:
    told = explain(LONG, shorten(LONG), False)
    assert told.startswith("## Important tokens\n\n")
    assert "**fox**" in told
    assert "~~the~~" in told
    assert "## Shortened prompts\n\n1️⃣ " in told
    assert "(0." not in told
    details = explain(LONG, shorten(LONG), True)
    assert "**fox** (" in details
    assert "█" in details


@pytest.mark.parametrize("word", ["fox", "watercolor", "forest"])
def test_known_words_weigh_more_than_fillers(word: str) -> None:
    weights = {token.word: token.weight for token in weigh(f"the {word} zzyx")}
    assert weights[word] > weights["zzyx"] > weights["the"]
