"""Uploads are kept for their time, and anew by a second upload."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesso.app import House
from gesso.services.upload import Uploader
from gesso.storage import blob_uses

pytestmark = pytest.mark.anyio


async def test_a_second_upload_starts_the_time_anew(house: House) -> None:
    first = await Uploader(house.writer, keep=timedelta(hours=1)).keep(("a", "b"))
    second = await Uploader(house.writer, keep=timedelta(hours=3)).keep(("b",))
    async with house.database.transaction() as connection:
        later = timedelta(seconds=1)
        assert await blob_uses.take_expired(connection, first - later, limit=9) == []
        assert await blob_uses.take_expired(connection, first + later, limit=9) == ["a"]
        assert await blob_uses.take_expired(connection, second + later, limit=9) == ["b"]
