"""A short list of words flags a text."""

from __future__ import annotations

from gesso.sandbox_models.moderation import WORDS, moderate


def test_words_flag_their_category() -> None:
    calm, rude = moderate("a red fox"), moderate("I will Kill you")
    assert (calm["flagged"], rude["flagged"]) == (False, True)
    categories = rude["categories"]
    assert isinstance(categories, dict)
    assert [name for name, hit in categories.items() if hit] == ["violence"]
    assert set(categories) == set(WORDS)


def test_parts_of_words_do_not() -> None:
    assert not moderate("a skilled roadkiller's constable")["flagged"]
