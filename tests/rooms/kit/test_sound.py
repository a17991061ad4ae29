"""The length of recordings."""

from __future__ import annotations

import io

from gesso.kit.sound import length_ms
from tests.flows.test_openai_pictures import sound


def test_the_file_says_it() -> None:
    data = sound(7)
    assert length_ms(io.BytesIO(data), len(data)) == (7000, False)


def test_of_what_cannot_be_read_the_size_must_do() -> None:
    assert length_ms(io.BytesIO(b"x" * 32_000), 32_000) == (2000, True)
