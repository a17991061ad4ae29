"""Picture bytes: content-addressed, in a local directory or an S3-compatible store.

A key is made of the SHA-256 of the bytes, so the same picture is kept once and a key always
means the same bytes. A local file is synced to disk before `put` returns: a task must not
be called SUCCEEDED while its picture is only in the page cache.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

_KEY = re.compile(
    r"(thumb/[0-9]{2,4}/)?[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,5}", re.ASCII
)
_CHUNK = 256 * 1024


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


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of stored bytes without reading them."""

    size_bytes: int
    modified_at: datetime


def key_of(data: bytes, extension: str) -> str:
    """Return the key under which bytes are stored."""
    digest = hashlib.sha256(data).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}/{digest}.{extension}"


def open_blobs(
    url: str,
    *,
    endpoint: str = "",
    region: str = "us-east-1",
    access_key: str = "",
    secret_key: str = "",
) -> Blobs:
    """Open `s3://bucket/prefix`, or a local directory which is made when missing."""
    if not url.startswith("s3://"):
        root = Path(url.removeprefix("file://"))
        root.mkdir(parents=True, exist_ok=True)
        return Blobs(LocalStore(root), root)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    store = S3Store(
        bucket,
        prefix=prefix or None,
        region=region,
        access_key_id=access_key or None,
        secret_access_key=secret_key or None,
        endpoint=endpoint or None,
        client_options={"allow_http": endpoint.startswith("http://")},
    )
    return Blobs(store, None)


class Blobs:
    """A store of bytes."""

    def __init__(self, store: ObjectStore, root: Path | None) -> None:
        """Hold the store; `root` is its directory when it is a local one."""
        self._store = store
        self._root = root

    async def put(self, data: bytes, *, extension: str) -> Blob:
        """Store bytes durably and return their key; storing the same again is harmless."""
        key = key_of(data, extension)
        if await self.head(key) is None:
            await self.put_at(key, data)
        return Blob(key, len(data))

    async def put_at(self, key: str, data: bytes) -> None:
        """Store bytes under a key that is derived from another, such as a thumbnail's."""
        _check(key)
        try:
            if self._root is not None:
                await asyncio.to_thread(_write_durably, self._root / key, data)
            else:
                await obstore.put_async(self._store, key, data)
        except (ObstoreError, OSError) as error:
            raise BlobUnavailable(f"cannot store {key}: {error}") from error

    async def get(self, key: str) -> bytes:
        """Return all bytes; raises BlobMissing."""
        _check(key)
        try:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise BlobMissing(key) from error
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot read {key}: {error}") from error

    async def open(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield bytes from `start` up to but not including `end`, in chunks."""
        _check(key)
        while start < end:
            stop = min(end, start + _CHUNK)
            try:
                chunk = await obstore.get_range_async(self._store, key, start=start, end=stop)
            except (NotFoundError, FileNotFoundError) as error:
                raise BlobMissing(key) from error
            yield bytes(chunk)
            start = stop

    async def head(self, key: str) -> Head | None:
        """Return size and age of stored bytes, or None."""
        _check(key)
        try:
            found = await obstore.head_async(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return None
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot look for {key}: {error}") from error
        return Head(found["size"], found["last_modified"])

    async def delete(self, key: str) -> None:
        """Remove bytes; missing ones are fine."""
        _check(key)
        try:
            await obstore.delete_async(self._store, key)
        except (NotFoundError, FileNotFoundError):
            pass
        except ObstoreError as error:
            raise BlobUnavailable(f"cannot remove {key}: {error}") from error

    async def list_older_than(self, moment: datetime) -> AsyncIterator[str]:
        """Yield the keys of bytes that were stored before `moment`."""
        async for page in obstore.list(self._store):
            for one in page:
                if one["last_modified"] < moment and _KEY.fullmatch(one["path"]):
                    yield one["path"]


def _check(key: str) -> None:
    if _KEY.fullmatch(key) is None:
        raise BadBlobKey(key[:120])


def _write_durably(path: Path, data: bytes) -> None:
    """Write beside, sync, rename, sync the directory: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Hidden from listings by its name; a leftover of a crash is never mistaken for a blob.
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
