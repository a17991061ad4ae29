"""How long to wait before the next try."""

from __future__ import annotations

import random


def delay_s(attempt: int, *, base: float, cap: float, rand: random.Random | None = None) -> float:
    """Return seconds to wait after try number `attempt` (from 0): doubling, capped, jittered.

    The jitter takes away up to half, so that many who failed together do not return together.
    """
    whole = min(cap, base * 2.0 ** min(attempt, 32))
    draw = rand.uniform if rand else random.uniform
    return whole * draw(0.5, 1.0)
