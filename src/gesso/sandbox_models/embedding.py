"""The embedding model: hashed words and letter triples, so that like texts lie close. Pure."""

from __future__ import annotations

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

#: How many numbers an embedding has that does not ask for fewer.
DIMENSIONS = 256
_WORD = re.compile(r"\w+")


def embed(text: str, dimensions: int) -> NDArray[np.float32]:
    """Return the embedding of a text, of length 1.

    Each word and each letter triple of it adds to one place; the hash says to which one and
    with which sign. A text without words lies in a corner of its own.
    """
    vector = np.zeros(dimensions, np.float64)
    for feature, weight in _features(text):
        digest = hashlib.blake2b(feature.encode(errors="replace"), digest_size=8).digest()
        number = int.from_bytes(digest, "little")
        vector[(number >> 1) % dimensions] += weight if number & 1 else -weight
    length = float(np.linalg.norm(vector))
    if not length:
        vector[0] = length = 1.0
    return (vector / length).astype("<f4")


def _features(text: str) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for word in _WORD.findall(text.lower()):
        found.append((word, 1.0))
        framed = f"^{word}$"
        found += [(framed[i : i + 3], 0.4) for i in range(len(framed) - 2)]
    return found
