"""The system's random bytes, fetched many at a time.

Each fetch lets go of the interpreter, and under load another thread takes it: a few bytes for
one id cost more than everything else of it.
"""

from __future__ import annotations

import os
import threading

#: Bytes that are fetched at once.
_FETCH = 4096

_lock = threading.Lock()
_bytes, _at = b"", 0


def draw(count: int) -> bytes:
    """Return so many bytes, at most a fetch, that nobody got before."""
    global _bytes, _at
    with _lock:
        if _at + count > len(_bytes):
            _bytes, _at = os.urandom(_FETCH), 0
        drawn = _bytes[_at : _at + count]
        _at += count
    return drawn


def _forget() -> None:
    global _lock, _bytes, _at
    _lock, _bytes, _at = threading.Lock(), b"", 0


# A forked child would draw what its parent draws.
os.register_at_fork(after_in_child=_forget)
