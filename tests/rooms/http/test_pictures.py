"""A burst of thumbnails is decoded a few at a time, not once per request."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from starlette.requests import Request

from gesso.http import pictures
from gesso.kit import picture
from gesso.services.look_up import Finder
from gesso.storage.blobs import open_blobs
from gesso.storage.database import open_database
from gesso.storage.reader import Reader

pytestmark = pytest.mark.anyio


LINKS = pictures.PictureLinks("http://127.0.0.1", b"x" * 32, timedelta(hours=1))


def request(width: int) -> Request:
    scope = {
        "type": "http", "method": "GET", "path": "/", "headers": [],
        "query_string": f"w={width}".encode(),
    }  # fmt: skip
    return Request(scope)


async def test_at_most_two_pictures_are_decoded_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database("", tmp_path)
    store = open_blobs(str(tmp_path / "pictures"))
    room = pictures.PictureRoom(Finder(database, Reader(database)), store, LINKS)
    out = io.BytesIO()
    Image.new("RGB", (900, 900), "red").save(out, "PNG")
    blob = await store.put(out.getvalue(), extension="png")
    lock, now, most, made = threading.Lock(), 0, 0, 0
    real = picture.thumbnail

    def counted(data: bytes, width: int) -> bytes:
        nonlocal now, most, made
        with lock:
            now, made = now + 1, made + 1
            most = max(most, now)
        time.sleep(0.02)  # so that many would overlap if they could
        try:
            return real(data, width)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(picture, "thumbnail", counted)
    widths = [64, 128, 256, 384, 512, 768] * 4
    answers = await asyncio.gather(*(room.stream(request(w), blob.key) for w in widths))
    assert {a.status_code for a in answers} == {200}
    assert most == pictures.DECODERS
    assert made <= 6 * pictures.DECODERS  # not once per request: 24
    await database.close()
