"""Bytes in a directory and in a real S3 server on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from gesso.storage.blobs import BadBlobKey, BlobMissing, Blobs, key_of, open_blobs

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    client.create_bucket(Bucket="pictures")
    yield endpoint
    server.stop()


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "local":
        return open_blobs(str(tmp_path / "pictures"))
    endpoint = request.getfixturevalue("s3")
    return open_blobs(
        f"s3://pictures/{tmp_path.name}", endpoint=endpoint, access_key="a", secret_key="b"
    )


async def test_put_get_head_range_delete(blobs: Blobs) -> None:
    data = os.urandom(700_000)
    blob = await blobs.put(data, extension="png")
    assert blob.key == key_of(data, "png")
    assert hashlib.sha256(data).hexdigest() in blob.key
    assert await blobs.get(blob.key) == data
    head = await blobs.head(blob.key)
    assert head is not None
    assert head.size_bytes == len(data)
    parts = [chunk async for chunk in blobs.open(blob.key, 1000, 600_000)]
    assert len(parts) > 1
    assert b"".join(parts) == data[1000:600_000]
    await blobs.delete(blob.key)
    await blobs.delete(blob.key)
    assert await blobs.head(blob.key) is None
    with pytest.raises(BlobMissing):
        await blobs.get(blob.key)


async def test_the_same_picture_is_kept_once(blobs: Blobs) -> None:
    made = await asyncio.gather(*(blobs.put(b"same", extension="png") for _ in range(20)))
    assert len({b.key for b in made}) == 1
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert [key async for key in blobs.list_older_than(later)] == [made[0].key]
    earlier = datetime.now(UTC) - timedelta(minutes=1)
    assert [key async for key in blobs.list_older_than(earlier)] == []


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", "ab/cd/x.png", "thumb/64/../x.png", ""]
)
async def test_keys_that_we_never_made(blobs: Blobs, key: str) -> None:
    for call in (blobs.get, blobs.head, blobs.delete):
        with pytest.raises(BadBlobKey):
            await call(key)


async def test_leftovers_of_a_crash_are_no_blobs(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    blob = await blobs.put(b"whole", extension="png")
    (tmp_path / blob.key).with_name(".half.123").write_bytes(b"ha")
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert [key async for key in blobs.list_older_than(later)] == [blob.key]
