"""Picture files in a local directory: written whole and synced, removed only when old."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path

#: Where bytes are written until they have their name, and taken to before they go.
INCOMING = "incoming"


def keep_bytes(root: Path, key: str, data: bytes) -> None:
    """Write beside, sync, rename, sync the directories: whole or not at all."""
    path = root / key
    if path.is_file() and path.stat().st_size == len(data):
        # Young again, so that a sweep which saw it unused and old does not take it away.
        with suppress(FileNotFoundError):
            os.utime(path)
            # Another writer may have renamed it a moment ago and not have synced yet.
            return _sync_up(path.parent, root)
    beside = root / INCOMING / uuid.uuid4().hex
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        move(beside, path, root)
    finally:
        beside.unlink(missing_ok=True)
    return None


def remove_older(root: Path, key: str, moment: datetime) -> bool:
    """Take a file aside and look at its age there: nobody can make it young any more."""
    path, aside = root / key, root / INCOMING / uuid.uuid4().hex
    try:
        path.replace(aside)
    except FileNotFoundError:
        return False
    old = aside.stat().st_mtime < moment.timestamp()
    if old:
        aside.unlink()
    else:
        # A writer may have stored it anew meanwhile: the same bytes, so either may win.
        aside.replace(path)
    return old


def move(beside: Path, path: Path, root: Path) -> None:
    """Give written bytes their name, durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.replace(path)
    _sync_up(path.parent, root)


def _sync_up(directory: Path, root: Path) -> None:
    """Sync a directory and those above: a new one is an entry in its parent."""
    while True:
        sync(directory)
        if directory == root:
            return
        directory = directory.parent


def sync(directory: Path) -> None:
    """Make a directory's entries durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
