"""Model versions as price keys spell them."""

from __future__ import annotations

import pytest

from gesso.domain.version import DEFAULT, DEFAULT_NIJI, Version


@pytest.mark.parametrize(
    ("key", "family", "number", "major"),
    [("v6.1", "v", "6.1", 6), ("niji7", "niji", "7", 7), ("v10", "v", "10", 10)],
)
def test_a_key_is_read_and_written(key: str, family: str, number: str, major: int) -> None:
    version = Version.read(key)
    assert (version.family, version.number, version.major) == (family, number, major)
    assert version.key == key


def test_an_empty_key_is_the_default() -> None:
    assert Version.read("").number == DEFAULT
    assert Version.read("niji").number == DEFAULT_NIJI
