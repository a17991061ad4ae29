"""Read JSON bodies into typed structs, for the wires that carry JSON."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec

from gesso.domain.errors import InvalidOrder

T = TypeVar("T")
#: Bodies above this are read in a thread, so that nobody else waits for them, in bytes.
_LARGE = 256 * 1024
_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


async def decode(body: bytes, kind: type[T], *, strict: bool = True) -> T:
    """Like `read_json`, and nobody waits for a large one."""
    if len(body) > _LARGE:
        return await asyncio.to_thread(read_json, body, kind, strict=strict)
    return read_json(body, kind, strict=strict)


def read_json(body: bytes, kind: type[T], *, strict: bool = True) -> T:
    """Return a body as `kind`; an empty one is an empty object, unknown fields are ignored.

    With `strict=False` a number may come as text. Raises InvalidOrder naming the field that
    has the wrong type.
    """
    if b"u0000" in body and _ZERO.search(body):
        # No database can store it, in whichever field it stands.
        raise InvalidOrder("the body holds a zero character", param="body")
    try:
        return msgspec.json.decode(body.strip() or b"{}", type=kind, strict=strict)
    except msgspec.ValidationError as error:
        raise InvalidOrder(f"{error}", param=_path(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidOrder(f"the body is not valid JSON: {error}", param="body") from error


def _path(message: str) -> str | None:
    _, _, path = message.rpartition("`$.")
    return path.rstrip("`") or None if "`$." in message else None
