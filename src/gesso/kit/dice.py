"""The system's random bytes, fetched many at a time.

Each fetch lets go of the interpreter, and under load another thread takes it: a few bytes for
one id cost more than everything else of it.
"""

from __future__ import annotations

import os

#: Bytes that are fetched at once, and the most that are drawn at once.
_FETCH, _PIECE = 4096, 16

#: Pieces that nobody got. Taking from a list's end needs no lock beside threads.
_pieces: list[bytes] = []


def draw(count: int) -> bytes:
    """Return so many bytes, at most 16, that nobody got before."""
    while True:
        try:
            return _pieces.pop()[:count]
        except IndexError:
            fetched = os.urandom(_FETCH)
            _pieces.extend(fetched[at : at + _PIECE] for at in range(0, _FETCH, _PIECE))


# A forked child would draw what its parent draws.
os.register_at_fork(after_in_child=_pieces.clear)
