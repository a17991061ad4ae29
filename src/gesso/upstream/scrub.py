"""Keep what belongs to the operator out of texts that customers read."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from gesso.domain.channel import Channel

#: Options of channels that hold credentials.
_SECRETS = ("api_key", "keys", "secret")
#: Longest reason that is handed on, in characters.
REASON_CHARS = 500


def scrub(channel: Channel, text: object) -> str:
    """Return an upstream's words without the channel's credentials and address."""
    clean = str(text)
    for part in sorted(_parts(channel), key=len, reverse=True):
        clean = clean.replace(part, "***")
    return clean[:REASON_CHARS]


def _parts(channel: Channel) -> Iterator[str]:
    for name in _SECRETS:
        value = channel.options.get(name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str) and one:
                yield one
                yield from (half for half in one.split(":", 1) if len(half) >= 4)
    try:
        address = urlsplit(channel.base_url)
    except ValueError:
        return
    yield from (part for part in (address.netloc, address.hostname) if part)
