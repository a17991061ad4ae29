"""What an offer says of time."""

from __future__ import annotations

import pytest

from gesso.domain.channel import Channel
from gesso.ledger.pricing import Quote
from gesso.services.quote import Offer, Pace


@pytest.mark.parametrize(
    ("place", "run_s", "wait_s", "expected_s"),
    [(0, 30.0, 0.0, 30.0), (1, 30.0, 30.0, 60.0), (4, 10.0, 20.0, 30.0), (9, None, None, None)],
)
def test_whoever_is_before_takes_as_long_as_usual(
    place: int, run_s: float | None, wait_s: float | None, expected_s: float | None
) -> None:
    channel = Channel("ch", "ch", "sandbox", core_size=3)
    offer = Offer(Quote("midjourney", 1), channel, place, Pace(run_s, 1))
    assert (offer.wait_s, offer.expected_s) == (wait_s, expected_s)
