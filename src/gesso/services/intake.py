"""Take in the pictures of a request: check before decoding, store, hand on their keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gesso.domain.errors import PictureRejected
from gesso.kit import picture
from gesso.storage.blobs import Blobs


class Intake:
    """Checks and stores input pictures."""

    def __init__(self, blobs: Blobs, limits: picture.Limits) -> None:
        """Hold the store and the limits of one picture."""
        self._blobs = blobs
        self._limits = limits

    async def keep_base64(self, encoded: Sequence[str], *, param: str) -> tuple[str, ...]:
        """Store pictures sent as base64 or data URLs, one after the other.

        Raises PictureRejected naming the position of the first bad one.
        """
        kept = []
        for position, text in enumerate(encoded):
            try:
                data, facts = await asyncio.to_thread(self._read, text)
            except picture.PictureRefused as refusal:
                raise PictureRejected(
                    str(refusal), param=f"{param}[{position}]", facts={"reason": refusal.reason}
                ) from refusal
            kept.append((await self._blobs.put(data, extension=facts.extension)).key)
        return tuple(kept)

    def _read(self, text: str) -> tuple[bytes, picture.Facts]:
        data = picture.decode_base64(text, self._limits)
        return data, picture.inspect(data, self._limits)
