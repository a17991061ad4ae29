"""The price list and its order of falling back (wire/apimart section 10)."""

from __future__ import annotations

import pytest

from gesso.ledger.money import read_dollars
from gesso.ledger.pricing import DEFAULTS, quote


@pytest.mark.parametrize(
    ("action", "version", "lane", "key", "dollars"),
    [
        ("imagine", "", "relax", "midjourney@imagine", "0.04504"),
        ("imagine", "", "fast", "midjourney@imagine-fast", "0.05504"),
        ("imagine", "v7", "turbo", "midjourney@imagine-v7-turbo", "0.10"),
        ("imagine", "niji6", "relax", "midjourney@imagine-niji6", "0.04504"),
        ("upscale", "v7", "relax", "midjourney@upscale", "0.05504"),
        ("high_variation", "", "turbo", "midjourney@high_variation-turbo", "0.10"),
        ("video", "v7", "turbo", "midjourney@video", "0.20"),
        ("unheard", "", "fast", "midjourney", "0.04504"),
    ],
)
def test_defaults(action: str, version: str, lane: str, key: str, dollars: str) -> None:
    found = quote(DEFAULTS, action, version=version, lane=lane)
    assert (found.key, found.nanos) == (key, read_dollars(dollars))


def test_the_most_precise_key_wins() -> None:
    keys = [
        "midjourney",
        "midjourney@a",
        "midjourney@a-fast",
        "midjourney@a-v7",
        "midjourney@a-v7-fast",
    ]
    prices = {}
    for number, key in enumerate(keys):
        prices[key] = number
        assert quote(prices, "a", version="v7", lane="fast").key == key


def test_no_price_at_all() -> None:
    with pytest.raises(KeyError):
        quote({}, "imagine")
