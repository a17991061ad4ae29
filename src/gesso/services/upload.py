"""Keep pictures that a caller wants a link for, before any task uses them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gesso.kit import clock
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer

#: Owner of uploads in `blob_uses`; no task has this number.
_NO_TASK = 0


class Uploader:
    """Keeps uploaded pictures for a while."""

    def __init__(self, writer: Writer, *, keep: timedelta) -> None:
        """Hold the writer and for how long uploads are kept."""
        self._writer = writer
        self._keep = keep

    async def keep(self, blobs: tuple[str, ...]) -> datetime:
        """Keep stored pictures; returns until when. A second upload starts the time anew."""
        until = clock.now() + self._keep
        await self._writer.write(KeepBlobs(blobs, until))
        return until


@dataclass(frozen=True, slots=True)
class KeepBlobs:
    """The transaction of one upload."""

    blobs: tuple[str, ...]
    until: datetime

    @property
    def needs(self) -> Needs:
        """Nothing is read."""
        return Needs()

    def apply(self, unit: Unit) -> None:
        """Note until when the pictures are needed."""
        for blob in self.blobs:
            unit.use_blob(blob, _NO_TASK, self.until)
