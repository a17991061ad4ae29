"""Secrets at rest: sealed with a key that is not in the database (Fernet).

Several keys may be given: the first seals, all of them open, so that a key is rotated
without a gap. A sealed text says that it is one, and is never sealed twice.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_SEALED = "sealed:1:"


class Unreadable(Exception):
    """The text was sealed with a key that this process does not have."""


class Vault:
    """Seals and opens texts."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys, the one that seals first; any text may be a key."""
        if not keys:
            raise ValueError("a vault needs a key")
        every = [Fernet(_derive(key)) for key in keys]
        self._first = every[0]
        self._all = MultiFernet(every)

    def seal(self, text: str) -> str:
        """Return the text sealed with the first key; raises Unreadable for a foreign seal."""
        if is_sealed(text):
            text = self.open(text)
        return _SEALED + self._first.encrypt(text.encode()).decode()

    def open(self, text: str) -> str:
        """Return what a sealed text says; a text that is not sealed is returned as it is."""
        if not is_sealed(text):
            return text
        try:
            return self._all.decrypt(text.removeprefix(_SEALED)).decode()
        except InvalidToken as error:
            raise Unreadable("a secret was sealed with another GESSO_SECRET_KEY") from error

    def is_current(self, text: str) -> bool:
        """Say whether a text is sealed with the first key."""
        if not is_sealed(text):
            return False
        try:
            self._first.decrypt(text.removeprefix(_SEALED))
        except InvalidToken:
            return False
        return True


def is_sealed(text: str) -> bool:
    """Say whether a text is a sealed one."""
    return text.startswith(_SEALED)


def read_or_draw(path: Path) -> str:
    """Return the key in a file, which is drawn at the first call and readable by us alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Created with its mode: there is no moment at which others could read it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        key = secrets.token_urlsafe(32)
        file.write(key + "\n")
    return key


def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())
