"""What belongs to the operator does not reach customers."""

from __future__ import annotations

import pytest

from gesso.domain.channel import Channel
from gesso.upstream.scrub import REASON_CHARS, scrub

CHANNEL = Channel(
    "ch", "ch", "p", base_url="https://gpu-7.lan:7860/v1",
    options={"api_key": "sk-one", "keys": ["sk-two", "sk-three"], "secret": "anna:hunter22"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("invalid key sk-one", "invalid key ***"),
        ("sk-two and sk-three", "*** and ***"),
        ("anna:hunter22 is wrong", "*** is wrong"),
        ("wrong password hunter22", "wrong password ***"),
        ("https://gpu-7.lan:7860/v1/x", "https://***/v1/x"),
        ("cannot resolve gpu-7.lan", "cannot resolve ***"),
        ("out of memory", "out of memory"),
        (None, "None"),
    ],
)
def test_credentials_and_addresses(said: object, shown: str) -> None:
    assert scrub(CHANNEL, said) == shown


def test_reasons_are_short() -> None:
    assert len(scrub(CHANNEL, "x" * 10_000)) == REASON_CHARS


def test_a_channel_without_anything_to_hide() -> None:
    assert scrub(Channel("ch", "ch", "p"), "a reason") == "a reason"
    assert scrub(Channel("ch", "ch", "p", base_url="http://["), "a reason") == "a reason"
