"""Tokens are counted exactly, whatever the text and however it comes."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gesso.kit import tokens
from gesso.kit.tokens import KEPT, PICTURE, PIECE, Tally, count, encoding_of, guess

#: Texts and how many tokens they have with gpt-4o and with gpt-4.
KNOWN = [
    ("", 0, 0),
    ("hello world", 2, 2),
    ("tiktoken is great!", 6, 6),
    ("antidisestablishmentarianism", 6, 6),
    ("2 + 2 = 4", 7, 7),
    ("お誕生日おめでとう", 8, 9),
    ("雪の中の狐", 5, 8),
    ("👩‍👩‍👧‍👦", 11, 18),
    ("a" * 1000, 125, 125),
    (" " * 1000, 9, 9),
]
LINES = "The fox, 雪の中の狐，今日は。 It's 12345 o'clock!\n\n  def f(x):\n\treturn [x] # é🦊\r\n"


@pytest.mark.parametrize(("text", "newer", "older"), KNOWN)
def test_known_texts(text: str, newer: int, older: int) -> None:
    assert (count(text, "gpt-4o"), count(text, "gpt-4")) == (newer, older)


def test_each_model_has_its_vocabulary() -> None:
    older = ["gpt-4", "gpt-4-turbo", "gpt-4-0613", "gpt-3.5-turbo", "gpt-35-turbo", "ft:gpt-4:me:x",
             "text-embedding-3-small", "openai/gpt-4-turbo"]  # fmt: skip
    newer = ["gpt-4o-mini", "gpt-4.1", "gpt-4.5-preview", "gpt-5", "o1", "o3", "o4-mini",
             "chatgpt-4o-latest", "ft:gpt-4o-mini:me:x", "qwen3", ""]  # fmt: skip
    assert {encoding_of(name) for name in older} == {"cl100k_base"}
    assert {encoding_of(name) for name in newer} == {"o200k_base"}


@pytest.mark.parametrize("special", ["<|endoftext|>", "<|im_start|>", "<|endofprompt|>"])
def test_what_looks_like_a_special_token_is_text(special: str) -> None:
    assert count(special) > 3


def test_halves_of_letters_are_counted() -> None:
    half = json.loads(r'"\ud83e"')
    assert count(half) > 0
    assert count(half + json.loads(r'"\udd8a"')) == count("🦊")


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
@given(
    start=st.integers(0, len(LINES)),
    strange=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=20),
)
def test_a_long_text_in_pieces_has_the_tokens_of_the_whole(
    model: str, start: int, strange: list[str]
) -> None:
    text = (LINES[start:] + " ".join(strange) + LINES * 400)[: PIECE * 2]
    whole = tokens._encoder(encoding_of(model))(text)
    assert count(text, model) == len(whole)


@given(st.lists(st.text(max_size=30), max_size=10))
@example(["\ud83e", "\udd8a"])
def test_parts_count_like_the_whole(parts: list[str]) -> None:
    tally = Tally()
    for part in parts:
        tally.add(part)
    assert tally.tokens == count("".join(parts))
    assert bool(tally) == any(parts)


def test_a_long_answer_of_single_letters_counts_like_the_whole_in_flat_memory() -> None:
    text = LINES * (2 * KEPT // len(LINES) + 50)
    tally = Tally("gpt-4o")
    for letter in text:
        tally.add(letter)
        assert len(tally._parts) <= 512
    assert sum(map(len, tally._parts)) <= KEPT
    assert tally.tokens == count(text, "gpt-4o")


def test_five_megabytes_keep_their_end_only() -> None:
    tally = Tally()
    for _ in range(5):
        tally.add("word " * 200_000)
    assert sum(map(len, tally._parts)) <= KEPT
    assert tally.tokens == pytest.approx(1_000_000, rel=0.001)


def test_a_megabyte_of_one_letter_takes_no_longer_than_other_texts() -> None:
    begun = time.process_time()
    assert 125_000 <= count("a" * 1_000_000) <= 125_000 + 1_000_000 // PIECE
    assert time.process_time() - begun < 5


def test_nothing_is_loaded_before_something_is_counted() -> None:
    code = (
        "import sys\n"
        "from gesso.kit.tokens import Tally, guess\n"
        "tally = Tally(); tally.add('hello'); assert tally; guess(b'hello')\n"
        "assert 'splintr' not in sys.modules\n"
        "assert tally.tokens == 1 and 'splintr' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_pictures_inside_json_are_no_text() -> None:
    picture = b'{"url":"data:image/png;base64,' + b"A" * 3_000_000 + b'=="}'
    assert guess(picture) < PICTURE + 20
    linked = b'{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}'
    assert PICTURE < guess(linked) < PICTURE + 40
    assert guess(b'{"a":"' + b"word " * 600 + b'"}') > 600


#: What people and programs write; a heap of signs may well have more tokens than it is held for.
PHRASES = st.sampled_from(
    [
        "The fox runs over a frozen lake, quickly; it's 12 o'clock.",
        "def main(argv: list[str]) -> int:\n    return run(argv[0], name='x', count=12)\n",
        '{"name": "red fox", "sizes": [1024, 1536], "done": true}',
        "<p class='lead'><b>Bold</b> text with a https://a.example/page?id=7</p>",
        "Überraschung im château, el niño está aquí.",
        "今天天气很好，我们去公园散步吧。",
        "雪の中の狐が走っています。",
        "Привет, как дела сегодня?",
        "안녕하세요, 오늘 날씨가 좋네요.",
        "Nice 🦊❤️👍",
    ]
)


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
@given(phrases=st.lists(PHRASES, max_size=20), escaped=st.booleans())
def test_what_is_held_is_not_less_than_what_is_counted(
    model: str, phrases: list[str], escaped: bool
) -> None:
    text = " ".join(phrases)
    messages = [{"role": "user", "content": text}]
    body = json.dumps({"model": model, "messages": messages}, ensure_ascii=escaped).encode()
    assert guess(body) >= count(text, model) + 7
