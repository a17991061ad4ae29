"""Pictures over HTTP: signed links with expiry, thumbnails, ETag and range.

A link names a task and a position, never a key of the blob store. Whoever has the link may
read it until it expires; nothing else about the task can be learnt from it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gesso.domain.task import Picture, Task
from gesso.kit import clock, picture, signing
from gesso.services.look_up import Finder
from gesso.storage.blobs import BlobMissing, Blobs

_PICTURE = "/pictures/{task_id:int}/{name}"
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
    "mp4": "video/mp4",
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

    def to_upload(self, blob: str, until: datetime) -> str:
        """Return the link of an uploaded picture that is kept until a moment."""
        path, expires = f"/uploads/{blob}", int(until.timestamp())
        return f"{self.base_url}{path}?{signing.sign_link(self.secret, path, expires)}"

    def is_signed(self, path: str, query: Mapping[str, str]) -> bool:
        """Say whether a path's query is ours and has not expired."""
        return signing.check_link(
            self.secret,
            path,
            query.get("expires", ""),
            query.get("signature", ""),
            now=int(clock.now().timestamp()),
        )

    def expires_at(self, task: Task) -> datetime:
        """Return when a task's links stop working."""
        return (task.finished_at or task.submitted_at) + self.lifetime

    def _sign(self, path: str, since: datetime) -> str:
        expires = int((since + self.lifetime).timestamp())
        return f"{self.base_url}{path}?{signing.sign_link(self.secret, path, expires)}"


class PictureRoom:
    """Answers requests for pictures."""

    def __init__(self, finder: Finder, blobs: Blobs, links: PictureLinks) -> None:
        """Hold where tasks and bytes are, and whose links count."""
        self._finder = finder
        self._blobs = blobs
        self._links = links
        self._decoding = asyncio.Semaphore(DECODERS)

    def routes(self) -> list[Route]:
        """Return the routes of signed links."""
        return [
            Route(_PICTURE, self.show, methods=["GET", "HEAD"]),
            Route("/uploads/{blob:path}", self.show_upload, methods=["GET", "HEAD"]),
        ]

    async def show(self, request: Request) -> Response:
        """Stream a picture to whoever has its signed link."""
        if not self._links.is_signed(request.url.path, request.query_params):
            return _refuse(403, "link_invalid", "this link has expired or was changed")
        name = request.path_params["name"].partition(".")[0]
        key = await self._find(request.path_params["task_id"], name)
        if key is None:
            return _refuse(404, "not_found", "there is no such picture (any more)")
        return await self.stream(request, key, fresh=name == PREVIEW)

    async def show_upload(self, request: Request) -> Response:
        """Stream an uploaded picture to whoever has its signed link."""
        if not self._links.is_signed(request.url.path, request.query_params):
            return _refuse(403, "link_invalid", "this link has expired or was changed")
        return await self.stream(request, request.path_params["blob"])

    async def find_own(self, url: str) -> str | None:
        """Return the stored picture that one of our own signed links shows, else None."""
        if not url.startswith(self._links.base_url + "/"):
            return None
        parts = urlsplit(url)
        if not self._links.is_signed(parts.path, dict(parse_qsl(parts.query))):
            return None
        if parts.path.startswith("/uploads/"):
            return parts.path.removeprefix("/uploads/")
        match = re.fullmatch(r"/pictures/(\d{16})/(\w+)\.\w+", parts.path)
        return await self._find(int(match[1]), match[2]) if match else None

    async def _find(self, task_id: int, name: str) -> str | None:
        task = await self._finder.find_any(task_id)
        return _blob_of(task, name) if task else None

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
