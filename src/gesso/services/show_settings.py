"""Settings as operators may see them: everything in force, and nothing that is secret."""

from __future__ import annotations

from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from gesso.settings import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as operators may see it."""

    name: str  #: Of the environment variable.
    value: str  #: Empty for a secret: only `is_set` tells of it.
    default: str
    meaning: str
    secret: bool
    is_set: bool  #: Whether it differs from the default.


def shown(settings: Settings) -> list[Shown]:
    """Return every setting in force; nothing of a secret, and of a URL no user and no query."""
    found = []
    for f in fields(Settings):
        value, secret = getattr(settings, f.name), f.metadata["secret"]
        found.append(
            Shown(
                name=f"GESSO_{f.name.upper()}",
                value="" if secret else _without_credentials(str(value)),
                default=str(f.default),
                meaning=f.metadata["meaning"],
                secret=secret,
                is_set=value != f.default,
            )
        )
    return found


def _without_credentials(text: str) -> str:
    """Return a URL without the places where people put passwords; other text as it is."""
    if "://" not in text:
        return text
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="…" if parts.query else "", fragment="").geturl()
