"""Texts: both languages, and nothing for a word that the wire does not have."""

from __future__ import annotations

from gesso.dialects.midjourney.words import _WORDS, say


def test_both_languages() -> None:
    assert say("submitted", english=False) == "提交成功"
    assert say("submitted", english=True) == "Submit success"
    assert say("nothing of the kind", english=True) == ""
    for chinese, english in _WORDS.values():
        assert english.isascii()
        assert not chinese.isascii()
