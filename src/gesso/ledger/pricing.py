"""The price list: an action, a version and a lane lead to a price key and its amount.

Keys look like `midjourney@<action>[-<version>][-<speed>]`. The order of falling back and
the default amounts are those of wire/apimart.md section 10. Pure: no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gesso.ledger import model_prices
from gesso.ledger.money import read_dollars

_SPEEDS = {"relax": "", "fast": "-fast", "turbo": "-turbo"}
_VERSIONS = ("v5.1", "v5.2", "v6.1", "v7", "v8.1", "v8.2", "niji6", "niji7")
_ACTIONS = (
    "blend", "describe", "edits", "upscale", "variation", "high_variation", "low_variation",
    "reroll", "zoom", "pan", "inpaint", "modal", "remix_strong", "remix_subtle", "shorten",
    "retexture", "swap_face",
)  # fmt: skip


def _default_list() -> dict[str, int]:
    prices = {"midjourney": read_dollars("0.04504")}
    for speed, imagine, other in (
        ("relax", "0.04504", "0.05504"),
        ("fast", "0.05504", "0.05504"),
        ("turbo", "0.10", "0.10"),
    ):
        suffix = _SPEEDS[speed]
        for version in ("", *(f"-{v}" for v in _VERSIONS)):
            prices[f"midjourney@imagine{version}{suffix}"] = read_dollars(imagine)
        for action in _ACTIONS:
            prices[f"midjourney@{action}{suffix}"] = read_dollars(other)
    prices["midjourney@video"] = read_dollars("0.20")
    prices["midjourney@video-720p"] = read_dollars("0.40")
    return prices


#: Default amounts in nano-dollars by price key.
DEFAULTS: Mapping[str, int] = _default_list() | dict(model_prices.DEFAULTS)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a task will cost at most, and the price key that says so."""

    key: str
    nanos: int


def quote(
    prices: Mapping[str, int],
    action: str,
    *,
    version: str = "",
    lane: str = "relax",
    times: int = 1,
) -> Quote:
    """Return the price of an action: the most precise key of the list wins.

    Falls back from action-version-speed over action-version, action-speed and action to
    `midjourney`. Raises KeyError when the list has none of them.
    """
    speed = _SPEEDS[lane]
    versioned = f"-{version}" if version else ""
    for key in (
        f"midjourney@{action}{versioned}{speed}",
        f"midjourney@{action}{versioned}",
        f"midjourney@{action}{speed}",
        f"midjourney@{action}",
        "midjourney",
    ):
        if key in prices:
            return Quote(key, prices[key] * times)
    raise KeyError(action)
