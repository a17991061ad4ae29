"""How painting fails for good, with a code of its own."""

from __future__ import annotations


class Failed(Exception):
    """A job cannot be done as it was ordered; `code` is stable, `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep the code beside the text."""
        super().__init__(reason)
        self.code = code
        self.reason = reason
