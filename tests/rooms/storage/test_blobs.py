import asyncio
import hashlib
import os
import re
import subprocess
import sys
import tracemalloc
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest

from gesso.storage import blobs as blobs_module
from gesso.storage.blobs import (
    BadBlobKey,
    BlobMissing,
    Blobs,
    BlobUnavailable,
    key_of,
    open_blobs,
    thumbnail_key,
)

pytestmark = pytest.mark.anyio

# A process of its own, so that what the server keeps in memory is not counted as ours.
_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
MISSING = key_of(b"never stored", "png")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def make_bucket(endpoint: str, name: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")):
        pass


@pytest.fixture(params=["directory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "directory":
        return open_blobs(str(tmp_path / "pictures"))
    endpoint = request.getfixturevalue("s3_endpoint")
    # A bucket per test: names are letters, digits and hyphens.
    bucket = "b-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    make_bucket(endpoint, bucket)
    url = f"s3://{bucket}/some/prefix?endpoint={endpoint}&region=us-east-1"
    return open_blobs(url, access_key="key", secret_key="secret")


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def listed(blobs: Blobs, *, ahead: timedelta = timedelta(hours=2)) -> list[str]:
    return [key async for key in blobs.list_older_than(datetime.now(UTC) + ahead)]


class TestPut:
    async def test_the_key_is_made_of_the_hash(self, blobs: Blobs) -> None:
        blob = await blobs.put(b"bytes of a picture", extension="png")
        sha256 = hashlib.sha256(b"bytes of a picture").hexdigest()
        assert blob.key == f"{sha256[:2]}/{sha256[2:4]}/{sha256}.png"
        assert (blob.sha256, blob.size_bytes) == (sha256, 18)
        assert await blobs.get(blob.key) == b"bytes of a picture"

    async def test_again_is_the_same(self, blobs: Blobs) -> None:
        first = await blobs.put(b"same", extension="png")
        assert await blobs.put(b"same", extension="png") == first
        assert await blobs.put(pieces(b"same", 2), extension="png") == first
        assert await listed(blobs) == [first.key]

    async def test_nothing_at_all_can_be_stored(self, blobs: Blobs) -> None:
        blob = await blobs.put(b"", extension="png")
        assert await blobs.get(blob.key) == b""
        assert await collect(blobs.open(blob.key)) == b""

    @pytest.mark.parametrize("size", [1, 5 * 1024 * 1024, 5 * 1024 * 1024 + 1])
    async def test_a_stream(self, blobs: Blobs, size: int) -> None:
        data = os.urandom(size)
        blob = await blobs.put(pieces(data, 300_000), extension="webp")
        assert (blob.key, blob.size_bytes) == (key_of(data, "webp"), size)
        assert await blobs.get(blob.key) == data
        assert await listed(blobs) == [blob.key]

    async def test_forty_megabytes_with_flat_memory(self, blobs: Blobs) -> None:
        sha256 = hashlib.sha256()

        async def many() -> AsyncIterator[bytes]:
            for _ in range(160):
                chunk = os.urandom(250_000)
                sha256.update(chunk)
                yield chunk

        await blobs.head(MISSING)
        tracemalloc.start()
        try:
            blob = await blobs.put(many(), extension="mp4")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert (blob.sha256, blob.size_bytes) == (sha256.hexdigest(), 40_000_000)
        # Three parts of an S3 upload: two on their way, one being filled.
        assert peak < (2_000_000 if blobs._root else 20_000_000)
        read = hashlib.sha256()
        async for chunk in blobs.open(blob.key):
            assert len(chunk) <= 1024 * 1024
            read.update(chunk)
        assert read.hexdigest() == blob.sha256

    @pytest.mark.parametrize("size", [1000, 8_000_000])
    async def test_a_stream_that_breaks_leaves_nothing(self, blobs: Blobs, size: int) -> None:
        async def broken() -> AsyncIterator[bytes]:
            async for chunk in pieces(bytes(size), 500_000):
                yield chunk
            raise ConnectionError("the sender went away")

        with pytest.raises(ConnectionError, match="went away"):
            await blobs.put(broken(), extension="png")
        assert await listed(blobs) == []

    async def test_the_same_at_once(self, blobs: Blobs) -> None:
        data = os.urandom(200_000)
        puts = [blobs.put(data, extension="png") for _ in range(8)]
        puts += [blobs.put(pieces(data, 10_000), extension="png") for _ in range(8)]
        assert {blob.key for blob in await asyncio.gather(*puts)} == {key_of(data, "png")}
        assert await blobs.get(key_of(data, "png")) == data
        assert await listed(blobs) == [key_of(data, "png")]

    @pytest.mark.parametrize("extension", ["", "../x", "png/x", "PNG", "toolong", "p g"])
    async def test_a_strange_extension(self, blobs: Blobs, extension: str) -> None:
        with pytest.raises(BadBlobKey):
            await blobs.put(b"x", extension=extension)
        with pytest.raises(BadBlobKey):
            await blobs.put(pieces(b"x", 1), extension=extension)


class TestRead:
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (None, None),
            (0, 2_500_000),
            (0, 1),
            (1_048_575, 1_048_577),
            (2_499_999, None),
            (None, 10),
            (100, 9_999_999),
            (2_500_000, None),
            (2_500_000, 2_500_001),
            (9_999_999, 99_999_999),
            (5, 5),
            (6, 5),
        ],
    )
    async def test_ranges(self, blobs: Blobs, start: int | None, end: int | None) -> None:
        data = bytes(range(250)) * 10_000
        blob = await blobs.put(data, extension="png")
        assert await collect(blobs.open(blob.key, start, end)) == data[start or 0 : end]

    async def test_head(self, blobs: Blobs) -> None:
        blob = await blobs.put(b"12345", extension="png")
        head = await blobs.head(blob.key)
        assert head is not None
        assert head.size_bytes == 5
        assert abs(datetime.now(UTC) - head.modified_at) < timedelta(minutes=1)

    async def test_what_is_missing(self, blobs: Blobs) -> None:
        assert await blobs.head(MISSING) is None
        with pytest.raises(BlobMissing):
            await blobs.get(MISSING)
        for start, end in ((None, None), (0, 10)):
            with pytest.raises(BlobMissing):
                await collect(blobs.open(MISSING, start, end))

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "x.png",
            "/etc/passwd",
            "../../etc/passwd",
            f"../{MISSING}",
            f"{MISSING}/../x",
            f"{MISSING}\n",
            MISSING.upper(),
            MISSING.replace("/", "\\"),
            f"thumb/../{MISSING}",
            f"thumb/64/../../{MISSING}",
            "incoming/" + "0" * 32,
        ],
    )
    async def test_keys_that_are_not_ours(self, blobs: Blobs, key: str) -> None:
        with pytest.raises(BadBlobKey):
            await blobs.get(key)
        with pytest.raises(BadBlobKey):
            await blobs.head(key)
        with pytest.raises(BadBlobKey):
            blobs.open(key)
        with pytest.raises(BadBlobKey):
            await blobs.put_at(key, b"x")
        if not key.startswith("incoming/"):
            with pytest.raises(BadBlobKey):
                await blobs.delete(key)


class TestDerived:
    async def test_a_thumbnail_is_kept_beside(self, blobs: Blobs) -> None:
        blob = await blobs.put(b"large", extension="png")
        small = thumbnail_key(blob.key, 256)
        assert small == f"thumb/256/{blob.key.removesuffix('.png')}.webp"
        await blobs.put_at(small, b"small")
        await blobs.put_at(small, b"smaller")
        assert await blobs.get(small) == b"smaller"
        assert sorted(await listed(blobs)) == sorted([blob.key, small])


class TestSweep:
    async def test_delete(self, blobs: Blobs) -> None:
        blob = await blobs.put(b"x", extension="png")
        await blobs.delete(blob.key)
        await blobs.delete(blob.key)
        assert await blobs.head(blob.key) is None

    async def test_only_what_is_old_is_listed(self, blobs: Blobs) -> None:
        keys = {(await blobs.put(bytes([n]), extension="png")).key for n in range(5)}
        assert set(await listed(blobs)) == keys
        assert await listed(blobs, ahead=timedelta(hours=-1)) == []

    async def test_what_a_crash_left_is_listed_and_can_be_deleted(self, blobs: Blobs) -> None:
        leftover = "incoming/" + "ab" * 16
        await obstore.put_async(blobs._store, leftover, b"half a pict")
        assert await listed(blobs) == [leftover]
        await blobs.delete(leftover)
        assert await listed(blobs) == []

    async def test_foreign_files_are_left_alone(self, blobs: Blobs) -> None:
        await obstore.put_async(blobs._store, "lost+found/notes.txt", b"not ours")
        assert await listed(blobs) == []


class TestDirectory:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "pic tures"

    def test_by_url(self, root: Path) -> None:
        open_blobs(root.as_uri())
        assert root.is_dir()

    async def test_storing_again_makes_it_young(self, root: Path) -> None:
        """A sweep of orphans takes what is old and unused; this is about to be used."""
        blobs = open_blobs(str(root))
        for again in (b"x", pieces(b"x", 1)):
            blob = await blobs.put(b"x", extension="png")
            os.utime(root / blob.key, (0, 0))
            assert await listed(blobs, ahead=timedelta(hours=-1)) == [blob.key]
            await blobs.put(again, extension="png")
            assert await listed(blobs, ahead=timedelta(hours=-1)) == []

    async def test_a_damaged_file_is_written_again(self, root: Path) -> None:
        blobs = open_blobs(str(root))
        blob = await blobs.put(b"whole", extension="png")
        (root / blob.key).write_bytes(b"wh")
        await blobs.put(b"whole", extension="png")
        assert await blobs.get(blob.key) == b"whole"

    @pytest.mark.parametrize("streamed", [False, True])
    async def test_is_synced_before_it_is_there(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool
    ) -> None:
        blobs = open_blobs(str(root))
        done: list[str] = []
        fsync, replace = os.fsync, Path.replace

        def note_fsync(descriptor: int) -> None:
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            done.append(re.sub(r"[0-9a-f]{32,}", "*", os.path.relpath(path, root)))
            fsync(descriptor)

        def note_replace(self: Path, target: Path) -> Path:
            done.append("rename")
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", note_fsync)
        monkeypatch.setattr(Path, "replace", note_replace)
        data = b"durable"
        blob = await blobs.put(pieces(data, 3) if streamed else data, extension="png")
        first, second, _ = blob.key.split("/")
        # The file before it gets its name; then its name, and the new directories' names.
        assert done == ["incoming/*", "rename", f"{first}/{second}", first, "."]

    async def test_a_full_disk_is_unavailable(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        blobs = open_blobs(str(root))

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        for data in (b"x", pieces(b"x", 1)):
            with pytest.raises(BlobUnavailable, match="No space"):
                await blobs.put(data, extension="png")
        monkeypatch.undo()
        assert await listed(blobs) == []
        assert list((root / "incoming").iterdir()) == []


class TestS3:
    async def test_storing_again_after_a_while_makes_it_young(
        self, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_bucket(s3_endpoint, "young")
        blobs = open_blobs(
            "s3://young", endpoint=s3_endpoint, access_key="key", secret_key="secret"
        )
        blob = await blobs.put(b"x", extension="png")
        first = await blobs.head(blob.key)
        await asyncio.sleep(1.1)  # S3 counts in seconds
        await blobs.put(b"x", extension="png")
        assert await blobs.head(blob.key) == first
        monkeypatch.setattr(blobs_module, "_FRESH", timedelta(0))
        await blobs.put(b"x", extension="png")
        again = await blobs.head(blob.key)
        assert first is not None
        assert again is not None
        assert again.modified_at > first.modified_at

    async def test_a_store_that_does_not_answer(self) -> None:
        blobs = open_blobs(
            "s3://bucket", endpoint="http://127.0.0.1:1", access_key="key", secret_key="secret"
        )
        with pytest.raises(BlobUnavailable):
            await blobs.put(b"x", extension="png")
        with pytest.raises(BlobUnavailable):
            await blobs.put(pieces(bytes(6_000_000), 1_000_000), extension="png")
        with pytest.raises(BlobUnavailable):
            await blobs.get(MISSING)
        with pytest.raises(BlobUnavailable):
            await blobs.head(MISSING)
        with pytest.raises(BlobUnavailable):
            await collect(blobs.open(MISSING, 0, 1))
        with pytest.raises(BlobUnavailable):
            await listed(blobs)

    @pytest.mark.parametrize(
        "url", ["s3://", "s3://bucket?colour=red", "gs://bucket", "http://x/y", "file://host/dir"]
    )
    def test_other_urls_are_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="picture store"):
            open_blobs(url)
