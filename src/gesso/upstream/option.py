"""Read the options of a channel: JSON values, or texts as the command line gives them."""

from __future__ import annotations

from gesso.domain.channel import Channel
from gesso.domain.errors import Refused


def text(channel: Channel, name: str, default: str = "") -> str:
    """Return an option as text."""
    value = channel.options.get(name)
    return default if value in (None, "") else str(value)


def whole(channel: Channel, name: str, default: int, low: int, high: int) -> int:
    """Return an option as a whole number; raises Refused naming it when it is none."""
    value = number(channel, name, default, low, high)
    if value != int(value):
        raise Refused(f"the channel's option {name} must be a whole number")
    return int(value)


def number(channel: Channel, name: str, default: float, low: float, high: float) -> float:
    """Return an option as a number; raises Refused naming it when it is none or out of range."""
    value = channel.options.get(name)
    if value in (None, ""):
        return default
    try:
        found = float(str(value))
    except ValueError:
        found = float("nan")
    if not low <= found <= high:
        raise Refused(f"the channel's option {name} must be between {low:g} and {high:g}")
    return found


def switch(channel: Channel, name: str) -> bool:
    """Return an option as yes or no; no when it is not set."""
    return text(channel, name).lower() in {"1", "true", "yes", "on"}
