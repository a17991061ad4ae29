"""An honest guess of how many tokens a text has, for when nobody counted them.

Tokenizers differ by model and their tables are megabytes; this is a rule of thumb: four
letters of a Latin text are a token, and so is each character of scripts without blanks.
What is counted by it is always marked as estimated.
"""

from __future__ import annotations

import re

#: A picture or a recording inside JSON: base64 that long is no text.
_DATA = re.compile(rb"[A-Za-z0-9+/_-]{1024,}={0,2}")
#: What a picture in a prompt costs with most models, roughly.
PICTURE = 1000


class Tally:
    """Counts a text that comes in parts, without keeping it."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._narrow = self._wide = 0

    def add(self, text: str) -> None:
        """Count one more part."""
        wide = 0 if text.isascii() else sum(1 for letter in text if ord(letter) > 0x2E7F)
        self._wide += wide
        self._narrow += len(text) - wide

    @property
    def tokens(self) -> int:
        """About how many tokens all parts together have."""
        return self._wide + -(-self._narrow // 4)


def count(text: str) -> int:
    """Return about how many tokens a text has."""
    tally = Tally()
    tally.add(text)
    return tally.tokens


def count_json(body: bytes) -> int:
    """Return about how many tokens a JSON request has; pictures in it count as such.

    More rather than fewer: names and quotes of the JSON are counted as if they were text.
    """
    pictures = text = 0
    start = 0
    for found in _DATA.finditer(body):
        pictures += 1
        text += found.start() - start
        start = found.end()
    text += len(body) - start
    # A letter outside ASCII has two to four bytes: three bytes a token covers both kinds.
    return -(-text // 3) + pictures * PICTURE
