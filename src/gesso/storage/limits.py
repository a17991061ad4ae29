"""Limits as they stand in a column of keys and accounts."""

from __future__ import annotations

import msgspec

from gesso.domain.limits import NO_LIMITS, Limits


def write_limits(limits: Limits) -> str:
    """Return limits as JSON."""
    return msgspec.json.encode(limits).decode() if limits.any else "{}"


def read_limits(text: str) -> Limits:
    """Return limits from JSON."""
    return msgspec.json.decode(text, type=Limits) if text != "{}" else NO_LIMITS
