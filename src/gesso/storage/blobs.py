"""Picture bytes: content-addressed, in a local directory or an S3-compatible store.

A key is made of the SHA-256 of the bytes, so the same picture is kept once and a key always
means the same bytes. A task must not be called SUCCEEDED while its picture is only in the
page cache, and obstore's LocalStore never syncs (seen with strace, 0.12), so local files are
written here, with os. Reading, listing and all of S3 go through obstore.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import LocalStore, ObjectStore, S3Store

from gesso.storage.blob_files import INCOMING, keep_bytes, move, remove_older, sync

_KEY = re.compile(
    r"(thumb/[0-9]{2,4}/)?[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,5}", re.ASCII
)
#: Where streams are written until their hash is known. A crash leaves them behind; they are
#: listed and deleted like blobs, so that whoever sweeps orphans sweeps them too.
_LEFTOVER = re.compile(INCOMING + r"/[0-9a-f]{32}", re.ASCII)
#: Bytes per read: large enough for S3's answer times, small enough for many readers.
_WINDOW = 1024 * 1024
#: Bytes per part of an S3 upload: its minimum. A stream shorter than that goes in one piece.
_PART = 5 * 1024 * 1024
#: A blob this young need not be stored again to look young to a sweep of orphans.
_FRESH = timedelta(hours=1)


class BadBlobKey(ValueError):
    """A key that this store cannot have made."""


class BlobMissing(LookupError):
    """There are no such bytes (any more)."""


class BlobUnavailable(OSError):
    """The store does not answer."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Stored bytes."""

    key: str
    size_bytes: int

    @property
    def sha256(self) -> str:
        """Return the hash of the bytes in hexadecimal."""
        return self.key.rpartition("/")[2].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of stored bytes without reading them."""

    size_bytes: int
    modified_at: datetime


def key_of(data: bytes, extension: str) -> str:
    """Return the key under which bytes are stored."""
    return _key(hashlib.sha256(data).hexdigest(), extension)


def thumbnail_key(key: str, width: int) -> str:
    """Return the key under which a WebP thumbnail of a blob is kept."""
    return f"thumb/{width}/{key.rpartition('.')[0]}.webp"


def open_blobs(
    url: str,
    *,
    endpoint: str = "",
    region: str = "us-east-1",
    access_key: str = "",
    secret_key: str = "",
) -> Blobs:
    """Open a local directory, which is made when missing, or an S3 bucket.

    A directory is a path or `file:///path`, a bucket `s3://bucket/prefix`; the latter may say
    `?endpoint=…&region=…` itself. Raises ValueError for any other URL.
    """
    if "://" not in url:
        return _open_directory(Path(url))
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and not parts.query:
        return _open_directory(Path(unquote(parts.path)))
    options = dict(parse_qsl(parts.query))
    endpoint = options.pop("endpoint", endpoint)
    region = options.pop("region", region)
    if parts.scheme != "s3" or not parts.netloc or options:
        raise ValueError("a picture store is a path, file:///path or s3://bucket/prefix")
    store = S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        region=region,
        access_key_id=access_key or None,
        secret_access_key=secret_key or None,
        endpoint=endpoint or None,
        client_options={"allow_http": endpoint.startswith("http://")},
        # obstore's own patience is three minutes; our callers retry with theirs.
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
    )
    return Blobs(store, None)


def _open_directory(root: Path) -> Blobs:
    root.mkdir(parents=True, exist_ok=True)
    (root / INCOMING).mkdir(exist_ok=True)
    sync(root.parent)
    return Blobs(LocalStore(root), root)


class Blobs:
    """A store of bytes."""

    def __init__(self, store: ObjectStore, root: Path | None) -> None:
        """Hold the store; `root` is its directory when it is a local one."""
        self._store = store
        self._root = root

    async def put(self, data: bytes | AsyncIterator[bytes], *, extension: str) -> Blob:
        """Store bytes durably and return their key; storing the same again makes them young.

        An iterator is never whole in memory; what it raises is passed on and nothing is kept.
        """
        if not isinstance(data, bytes):
            return await self._put_stream(data, extension)
        blob = Blob(_checked(key_of(data, extension)), len(data))
        if self._root is None:
            head = await self.head(blob.key)
            if head is not None and datetime.now(UTC) - head.modified_at < _FRESH:
                return blob
        await self.put_at(blob.key, data)
        return blob

    async def put_at(self, key: str, data: bytes) -> None:
        """Store bytes under a key that is derived from another, such as a thumbnail's."""
        _checked(key)
        try:
            if self._root is not None:
                await asyncio.to_thread(keep_bytes, self._root, key, data)
            else:
                await obstore.put_async(self._store, key, data)
        except (ObstoreError, OSError) as error:
            raise BlobUnavailable(f"cannot store {key}: {error}") from error

    async def _put_stream(self, chunks: AsyncIterator[bytes], extension: str) -> Blob:
        _checked(_key("0" * 64, extension))  # before anything is read
        if self._root is not None:
            return await _keep_stream(self._root, chunks, extension)
        first = bytearray()
        async for chunk in chunks:
            first += chunk
            if len(first) >= _PART:
                meter = _Meter(bytes(first), chunks)
                first.clear()  # not to be held through the whole upload
                return await self._upload(meter, extension)
        return await self.put(bytes(first), extension=extension)

    async def _upload(self, meter: _Meter, extension: str) -> Blob:
        """Upload in parts to a temporary key, then copy to the key that the hash gives."""
        beside = f"{INCOMING}/{uuid.uuid4().hex}"
        try:
            await obstore.put_async(
                self._store, beside, meter.chunks(), chunk_size=_PART, max_concurrency=2
            )
            blob = meter.blob(extension)
            await obstore.copy_async(self._store, beside, blob.key)
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot store a stream: {error}") from error
        finally:
            # Failing here is no failure: the sweep of orphans finds it.
            with suppress(ObstoreError, FileNotFoundError):
                await obstore.delete_async(self._store, beside)
        return blob

    async def get(self, key: str) -> bytes:
        """Return all bytes; raises BlobMissing."""
        _checked(key)
        try:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())
        except FileNotFoundError as error:
            raise BlobMissing(key) from error
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot read {key}: {error}") from error

    def open(
        self, key: str, start: int | None = None, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield bytes from `start` up to but not including `end`, in chunks.

        A range beyond the end is cut. Raises BlobMissing at the first chunk.
        """
        return self._read(_checked(key), start or 0, end)

    async def _read(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        if end is None:
            end = await self._size(key)
        # A request per window, not one stream: a slow client may take longer than the store
        # keeps an answer open.
        while start < end:
            stop = min(end, start + _WINDOW)
            try:
                chunk = bytes(
                    await obstore.get_range_async(self._store, key, start=start, end=stop)
                )
            except FileNotFoundError as error:
                raise BlobMissing(key) from error
            except ObstoreError as error:
                # A range that starts behind the end is refused in each store's own words.
                if start >= await self._size(key):
                    return
                raise BlobUnavailable(f"cannot read {key}: {error}") from error
            yield chunk
            if len(chunk) < stop - start:
                return
            start = stop

    async def _size(self, key: str) -> int:
        head = await self.head(key)
        if head is None:
            raise BlobMissing(key)
        return head.size_bytes

    async def head(self, key: str) -> Head | None:
        """Return size and age of stored bytes, or None."""
        _checked(key)
        try:
            found = await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return None
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot look for {key}: {error}") from error
        return Head(found["size"], found["last_modified"])

    async def delete(self, key: str) -> None:
        """Remove bytes; missing ones are fine. Takes what `list_older_than` yields, too."""
        if _LEFTOVER.fullmatch(key) is None:
            _checked(key)
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            pass
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot remove {key}: {error}") from error

    async def delete_older(self, key: str, moment: datetime) -> bool:
        """Remove bytes that are older than `moment` now; says whether that was so.

        What was stored again since somebody looked stays. A directory decides on the file
        itself; S3 is asked right before, since it cannot remove on a condition.
        """
        if _LEFTOVER.fullmatch(key) is None:
            _checked(key)
        if self._root is not None:
            try:
                return await asyncio.to_thread(remove_older, self._root, key, moment)
            except OSError as error:
                raise BlobUnavailable(f"cannot remove {key}: {error}") from error
        try:
            found = await obstore.head_async(self._store, key)
            if found["last_modified"] >= moment:
                return False
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return False
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot remove {key}: {error}") from error
        return True

    async def list_older_than(self, moment: datetime) -> AsyncIterator[str]:
        """Yield the keys of bytes that were stored before `moment`, with crashed uploads."""
        try:
            async for page in obstore.list(self._store):
                for one in page:
                    ours = _KEY.fullmatch(one["path"]) or _LEFTOVER.fullmatch(one["path"])
                    if ours and one["last_modified"] < moment:
                        yield one["path"]
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot list: {error}") from error


class _Meter:
    """Measures a stream while it flows through."""

    def __init__(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        self._first = first
        self._rest = rest
        self._hash = hashlib.sha256()
        self._size = 0

    def count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self._size += len(chunk)

    def blob(self, extension: str) -> Blob:
        return Blob(_key(self._hash.hexdigest(), extension), self._size)

    async def chunks(self) -> AsyncIterator[bytes]:
        await asyncio.to_thread(self.count, self._first)
        yield self._first
        self._first = b""
        async for chunk in self._rest:
            self.count(chunk)
            yield chunk


def _key(sha256: str, extension: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}.{extension}"


def _checked(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise BadBlobKey(key[:120])
    return key


async def _keep_stream(root: Path, chunks: AsyncIterator[bytes], extension: str) -> Blob:
    beside = root / INCOMING / uuid.uuid4().hex
    meter = _Meter(b"", chunks)
    try:
        with beside.open("wb", buffering=0) as file:

            def write(chunk: bytes) -> None:
                meter.count(chunk)
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]

            async for chunk in chunks:
                await _on_disk(write, chunk)
            await _on_disk(os.fsync, file.fileno())
        blob = meter.blob(extension)
        await _on_disk(move, beside, root / blob.key, root)
    finally:
        beside.unlink(missing_ok=True)
    return blob


async def _on_disk(work: Callable[..., object], *args: object) -> None:
    """Do work in a thread; what the disk refuses becomes BlobUnavailable."""
    try:
        await asyncio.to_thread(work, *args)
    except OSError as error:
        raise BlobUnavailable(f"cannot store a stream: {error}") from error
