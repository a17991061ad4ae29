"""An honest guess of tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gesso.kit.tokens import PICTURE, Tally, count, count_json


def test_four_letters_or_one_character_are_a_token() -> None:
    assert count("a red fox in the snow") == 6
    assert count("雪の中の狐") == 5
    assert count("") == 0


@given(st.lists(st.text(max_size=30), max_size=10))
def test_parts_count_like_the_whole(parts: list[str]) -> None:
    tally = Tally()
    for part in parts:
        tally.add(part)
    assert tally.tokens == count("".join(parts))


def test_pictures_inside_json_are_no_text() -> None:
    picture = b'{"url":"data:image/png;base64,' + b"A" * 3_000_000 + b'=="}'
    assert count_json(picture) < PICTURE + 20
    assert count_json(b'{"a":"' + b"word " * 600 + b'"}') > 600
