"""How long to wait before the next try."""

from __future__ import annotations

import random


def delay_s(
    attempt: int,
    *,
    base: float,
    cap: float,
    factor: float = 2.0,
    rand: random.Random | None = None,
) -> float:
    """Return seconds to wait after try number `attempt` (from 0): growing, capped, jittered.

    The jitter takes away up to half, so that many who failed together do not return together.
    A seeded `rand` makes the delays repeatable.
    """
    # The exponent is bounded because a float power overflows long after the cap is reached.
    whole = min(cap, base * factor ** min(max(attempt, 0), 64))
    return whole * (rand or random).uniform(0.5, 1.0)
