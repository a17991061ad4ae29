"""Multipart requests: read to disk within limits, written again for an upstream in chunks."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message

from gesso.domain.errors import InvalidOrder, TooLarge
from gesso.domain.relay import Ask

#: The most files and fields of one request, and the longest value of a field, in bytes.
_FILES, _FIELDS, _FIELD_BYTES = 20, 100, 256 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """The parts of a multipart request in their order; large files lie on disk."""

    parts: Sequence[tuple[str, str | UploadFile]]

    def text(self, name: str) -> str | None:
        """Return a field; None when it is missing or a file."""
        found = next((v for n, v in self.parts if n == name), None)
        return found if isinstance(found, str) else None

    def files(self, *names: str) -> list[UploadFile]:
        """Return the files with one of these names."""
        return [v for n, v in self.parts if n in names and isinstance(v, UploadFile)]

    async def digest(self) -> bytes:
        """Return what tells this form from any other."""
        found = hashlib.sha256()
        for name, value in self.parts:
            found.update(f"{len(name)}:{name}:{_size(value)}:".encode(errors="surrogatepass"))
            if isinstance(value, str):
                found.update(value.encode(errors="surrogatepass"))
                continue
            await value.seek(0)
            while chunk := await value.read(_CHUNK):
                found.update(chunk)
        return found.digest()

    def ask(self, path: str, model: str) -> Ask:
        """Return this form as a request for an upstream that knows the model as `model`."""
        boundary = f"gesso-{token_hex(16)}"
        parts = [(n, model if n == "model" and isinstance(v, str) else v) for n, v in self.parts]
        if not any(name == "model" for name, _ in parts):
            parts.append(("model", model))
        heads = [_head(boundary, name, value) for name, value in parts]
        size = sum(len(h) + _size(v) + 2 for h, (_, v) in zip(heads, parts, strict=True))
        end = f"--{boundary}--\r\n".encode()

        async def body() -> AsyncIterator[bytes]:
            for head, (_, value) in zip(heads, parts, strict=True):
                yield head
                if isinstance(value, str):
                    yield value.encode(errors="surrogatepass")
                else:
                    await value.seek(0)
                    while chunk := await value.read(_CHUNK):
                        yield chunk
                yield b"\r\n"
            yield end

        kind = f"multipart/form-data; boundary={boundary}"
        return Ask(path, body=body, size_bytes=size + len(end), content_type=kind)


@asynccontextmanager
async def reading(request: Request, most: int) -> AsyncIterator[Form]:
    """Read a form of at most `most` bytes; its files live as long as the block."""
    if "multipart/form-data" not in request.headers.get("content-type", ""):
        raise InvalidOrder("this needs a multipart/form-data body")
    source = _Limited(request, most)
    limited = Request(request.scope, source.receive)
    parser = MultiPartParser(
        request.headers,
        limited.stream(),
        max_files=_FILES,
        max_fields=_FIELDS,
        max_part_size=_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
        _check_end(parser, form)
    except (HTTPException, MultiPartException, UnicodeError, ValueError, KeyError) as error:
        if source.is_over:
            raise TooLarge(f"the request body may have {most} bytes") from None
        reason = error.detail if isinstance(error, HTTPException) else str(error)
        raise InvalidOrder(f"the form cannot be read: {reason[:200]}") from None
    try:
        yield Form(form.multi_items())
    finally:
        await form.close()


def _check_end(parser: MultiPartParser, form: FormData) -> None:
    """Raise MultiPartException when a form broke off in a file, which is closed then."""
    begun = parser._files_to_close_on_error
    ended = sum(isinstance(value, UploadFile) for _, value in form.multi_items())
    if len(begun) > ended:
        for file in begun:
            file.close()
        raise MultiPartException("it has no end")


class _Limited:
    """A body of at most so many bytes."""

    def __init__(self, request: Request, most: int) -> None:
        self._request = request
        self._left = most
        declared = request.headers.get("content-length", "")
        self.is_over = declared.isascii() and declared.isdigit() and int(declared) > most

    async def receive(self) -> Message:
        message = {} if self.is_over else await self._request.receive()
        self._left -= len(message.get("body", b""))
        self.is_over = self.is_over or self._left < 0
        if self.is_over:
            # Of this class the parser knows that it must close the files it has begun.
            raise MultiPartException("the body is too large")
        return message


def _head(boundary: str, name: str, value: str | UploadFile) -> bytes:
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(name)}"'
    if not isinstance(value, str):
        kind = (
            (value.content_type or "application/octet-stream").replace("\r", "").replace("\n", "")
        )
        head += f'; filename="{_quoted(value.filename or "file")}"\r\ncontent-type: {kind}'
    return head.encode(errors="surrogatepass") + b"\r\n\r\n"


def _quoted(text: str) -> str:
    """Return a name as browsers write it: nothing in it can end the quotes or the line."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _size(value: str | UploadFile) -> int:
    if isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    return value.size or 0
