"""`POST /v1/uploads/images`: a picture as a form file, kept for a while (section 11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import shapes, wire
from gesso.dialects.apimart.hall import Hall, answer_json
from gesso.dialects.apimart.submits import Services
from gesso.domain.errors import InvalidOrder, PictureRejected, TooLarge
from gesso.kit import clock

#: Largest file, in bytes; the rest of a form may have a little more.
MAX_BYTES = 20 * 1024 * 1024
_FORM_BYTES = 64 * 1024
_KINDS = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_UNKNOWN = {"unknown_format", "unreadable"}

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Uploads:
    """Takes uploaded pictures."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Hold what all handlers share and the services."""
        self._hall = hall
        self._services = services

    async def upload(self, request: Request) -> Response:
        """Store the file and return its link, unwrapped; it works for the hours set."""
        await self._hall.admit(request)
        data, name, kind = await _read_file(request)
        try:
            blob, facts = await self._services.uploads.keep_bytes(data, param="file")
        except PictureRejected as refusal:
            if refusal.facts.get("reason") in _UNKNOWN:
                raise _unsupported(kind) from None
            raise
        if facts.mime not in _KINDS:
            raise _unsupported(facts.mime)
        until = await self._services.uploader.keep((blob,))
        kept = shapes.UploadedPicture(
            url=self._hall.links.to_upload(blob, until),
            filename=name[:255],
            content_type=facts.mime,
            bytes=len(data),
            created_at=wire.seconds(clock.now()),
        )
        return answer_json(wire.write(kept))


def _unsupported(kind: str) -> InvalidOrder:
    return InvalidOrder(
        f"unsupported image type: {kind[:80]}, allowed: jpeg, png, gif, webp", param="file"
    )


async def _read_file(request: Request) -> tuple[bytes, str, str]:
    """Return bytes, name and declared type of the field `file`.

    Parts above a megabyte wait in a temporary file; the limit holds while they arrive.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MAX_BYTES + _FORM_BYTES:
        raise _too_large(int(declared))
    limited = Request(request.scope, _limited(request.receive, MAX_BYTES + _FORM_BYTES))
    try:
        async with limited.form(max_files=1, max_fields=10, max_part_size=_FORM_BYTES) as form:
            found = form.get("file")
            if not isinstance(found, UploadFile):
                raise InvalidOrder(
                    "missing or invalid file field: http: no such file", param="file"
                )
            if found.size is not None and found.size > MAX_BYTES:
                raise _too_large(found.size)
            name = (found.filename or "").replace("\x00", "")
            return await found.read(), name, found.content_type or "application/octet-stream"
    except (HTTPException, MultiPartException) as error:
        reason = getattr(error, "detail", None) or getattr(error, "message", "")
        raise InvalidOrder(f"missing or invalid file field: {reason}", param="file") from None


def _too_large(size: int) -> TooLarge:
    return TooLarge(f"file size {size} exceeds maximum {MAX_BYTES} bytes", param="file")


def _limited(receive: Receive, most: int) -> Receive:
    """Wrap a request's source so that it breaks off above `most` bytes."""
    size = 0

    async def take() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise _too_large(size)
        return message

    return take
