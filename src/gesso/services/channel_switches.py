"""The switches of a channel that callers of the Midjourney wire press like buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel

#: Option of the channel by the customId of its settings button, with its label and emoji.
SWITCHES: Mapping[str, tuple[str, str, str]] = {
    "MJ::Settings::RemixMode": ("remix", "Remix mode", "🎛️"),
    "MJ::Settings::RemixAutoSubmit": ("remix_auto", "Remix auto submit", "⏩"),
    "MJ::Settings::HighVariabilityMode::1": ("strong_variation", "High Variation Mode", "🎨"),
}


def is_on(channel: Channel, custom_id: str) -> bool:
    """Say whether a switch is on."""
    return bool(channel.options.get(SWITCHES[custom_id][0]))


def turned(channel: Channel, custom_id: str) -> dict[str, Any]:
    """Return the option that pressing a switch changes."""
    return {SWITCHES[custom_id][0]: not is_on(channel, custom_id)}
