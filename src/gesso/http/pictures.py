"""Pictures over HTTP: signed links with expiry, thumbnails, ETag and range.

A link names a task and a position, never a key of the blob store. Whoever has the link may
read it until it expires; nothing else about the task can be learnt from it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gesso.domain.task import Picture, Task
from gesso.kit import clock, picture, signing
from gesso.services.look_up import Finder
from gesso.storage.blobs import BlobMissing, Blobs

#: Position word of the partial picture while a task runs.
PREVIEW = "preview"
#: Most pictures decoded at once: each may need hundreds of megabytes and a core.
DECODERS = 2
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_MIME = {
    "png": "image/png",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "avif": "image/avif",
}


@dataclass(frozen=True, slots=True)
class PictureLinks:
    """Makes the links that tasks show."""

    base_url: str
    secret: bytes
    lifetime: timedelta

    def to(self, task: Task, shown: Picture) -> str:
        """Return the link of a stored picture; the same one at every call."""
        since = task.finished_at or task.submitted_at
        extension = shown.blob.rpartition(".")[2]
        return self._sign(f"/pictures/{task.id}/{shown.position}.{extension}", since)

    def to_preview(self, task: Task) -> str:
        """Return the link of the partial picture; changes with every new one."""
        path = f"/pictures/{task.id}/{PREVIEW}.webp"
        return self._sign(path, task.submitted_at) + f"&v={task.version}"

    def expires_at(self, task: Task) -> datetime:
        """Return when a task's links stop working."""
        return (task.finished_at or task.submitted_at) + self.lifetime

    def _sign(self, path: str, since: datetime) -> str:
        expires = int((since + self.lifetime).timestamp())
        return f"{self.base_url}{path}?{signing.sign_link(self.secret, path, expires)}"


class PictureRoom:
    """Answers requests for pictures."""

    def __init__(self, finder: Finder, blobs: Blobs, secret: bytes) -> None:
        """Hold where tasks and bytes are."""
        self._finder = finder
        self._blobs = blobs
        self._secret = secret
        self._decoding = asyncio.Semaphore(DECODERS)

    def routes(self) -> list[Route]:
        """Return the route of signed links."""
        return [Route("/pictures/{task_id:int}/{name}", self.show, methods=["GET", "HEAD"])]

    async def show(self, request: Request) -> Response:
        """Stream a picture to whoever has its signed link."""
        query = request.query_params
        if not signing.check_link(
            self._secret,
            request.url.path,
            query.get("expires", ""),
            query.get("signature", ""),
            now=int(clock.now().timestamp()),
        ):
            return _refuse(403, "link_invalid", "this link has expired or was changed")
        task = await self._finder.find_any(request.path_params["task_id"])
        name = request.path_params["name"].partition(".")[0]
        key = _blob_of(task, name) if task else None
        if key is None:
            return _refuse(404, "not_found", "there is no such picture (any more)")
        return await self.stream(request, key, fresh=name == PREVIEW)

    async def stream(self, request: Request, key: str, *, fresh: bool = False) -> Response:
        """Stream a blob, or the part or the thumbnail of it that was asked for."""
        try:
            width = _width(request.query_params.get("w"))
            if width:
                key = await self._thumbnail(key, width)
            return await self._answer(request, key, fresh)
        except BlobMissing:
            return _refuse(404, "not_found", "this picture was removed")
        except picture.PictureRefused as refusal:
            return _refuse(415, "picture_rejected", f"no thumbnail can be made: {refusal}")
        except ValueError:
            return _refuse(400, "invalid_order", "w must be a width in pixels, 16–4096")

    async def _answer(self, request: Request, key: str, fresh: bool) -> Response:
        head = await self._blobs.head(key)
        if head is None:
            raise BlobMissing(key)
        etag = f'"{key.rpartition("/")[2].partition(".")[0]}"'
        headers = {
            "etag": etag,
            "accept-ranges": "bytes",
            "cache-control": "no-cache" if fresh else "private, max-age=86400, immutable",
            # Pictures come from strangers: a browser must not read them as anything else.
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        mime = _MIME.get(key.rpartition(".")[2], "application/octet-stream")
        part = _part(request.headers.get("range", ""), head.size_bytes)
        if part == "unsatisfiable":
            return Response(
                status_code=416, headers={"content-range": f"bytes */{head.size_bytes}"}
            )
        start, end = part if isinstance(part, tuple) else (0, head.size_bytes)
        headers["content-length"] = str(end - start)
        if isinstance(part, tuple):
            headers["content-range"] = f"bytes {start}-{end - 1}/{head.size_bytes}"
        status = 206 if isinstance(part, tuple) else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=mime)
        body = self._blobs.open(key, start, end)
        return StreamingResponse(body, status, headers, mime)

    async def _thumbnail(self, key: str, width: int) -> str:
        small = f"thumb/{width}/{key.rpartition('.')[0]}.webp"
        if await self._blobs.head(small) is not None:
            return small
        async with self._decoding:
            # Whoever waited here may find that the one before made the same thumbnail.
            if await self._blobs.head(small) is None:
                data = await self._blobs.get(key)
                made = await asyncio.to_thread(picture.thumbnail, data, width)
                await self._blobs.put_at(small, made)
        return small


def _blob_of(task: Task, name: str) -> str | None:
    if name == PREVIEW:
        return task.preview_blob
    return next((p.blob for p in task.pictures if str(p.position) == name), None)


def _width(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 16 <= int(text) <= 4096):
        raise ValueError(text)
    # A ladder of widths, so that nobody fills the store with a thumbnail per pixel.
    return next(w for w in (64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096) if w >= int(text))


def _part(header: str, size: int) -> tuple[int, int] | str | None:
    """Read a single byte range; None for the whole, as several ranges may be answered too."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end) if 0 <= start < end <= size else "unsatisfiable"


def _refuse(status: int, code: str, message: str) -> Response:
    body = {"error": {"code": code, "message": message, "charged": False, "retry": False}}
    return JSONResponse(body, status)
