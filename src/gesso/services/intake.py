"""Take in the pictures of a request: check before decoding, store, hand on their names.

A picture that comes as data is stored; an http(s) link stays a link for the worker to fetch,
unless it is a link of this gateway, which leads to bytes that are stored already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gesso.domain.errors import InvalidOrder, PictureRejected
from gesso.domain.order import is_link
from gesso.kit import mask, picture
from gesso.storage.blobs import Blobs

T = TypeVar("T")

#: Longest link that is taken, in characters.
_LINK_CHARS = 2000
#: Pictures that are decoded at once: each may need hundreds of megabytes.
_AT_ONCE = 2


class Intake:
    """Checks and stores input pictures."""

    def __init__(
        self,
        blobs: Blobs,
        limits: picture.Limits,
        polarity: mask.Polarity,
        find_own: Callable[[str], Awaitable[str | None]],
    ) -> None:
        """Hold the store, the limits of one picture and who knows our own links."""
        self._blobs = blobs
        self._limits = limits
        self._polarity = polarity
        self._find_own = find_own
        self._decoding = asyncio.Semaphore(_AT_ONCE)

    async def keep_base64(self, encoded: Sequence[str], *, param: str) -> tuple[str, ...]:
        """Store pictures sent as base64 or data URLs, one after the other.

        Raises PictureRejected naming the position of the first bad one.
        """
        return tuple([await self._keep(text, f"{param}[{n}]") for n, text in enumerate(encoded)])

    async def keep_one(self, text: str, *, param: str) -> str:
        """Store one picture sent as base64 or data URL; a link is returned as a link."""
        if is_link(text.strip()):
            return (await self.keep_links([text.strip()], param=param))[0]
        return await self._keep(text, param)

    async def keep_bytes(self, data: bytes, *, param: str) -> tuple[str, picture.Facts]:
        """Store a picture that came as it is; returns its blob and what it is."""
        kept, facts = await self._in_thread(self._check, data, param=param)
        return (await self._blobs.put(kept, extension=facts.extension)).key, facts

    async def keep_links(self, links: Sequence[str], *, param: str) -> tuple[str, ...]:
        """Return links as they are, our own ones as the stored pictures that they show."""
        kept = []
        for link in links:
            if not is_link(link) or len(link) > _LINK_CHARS:
                raise InvalidOrder(
                    f"a picture link has {_LINK_CHARS} characters at most and "
                    "starts with http:// or https://",
                    param=param,
                )
            kept.append(await self._find_own(link) or link)
        return tuple(kept)

    async def keep_mask(self, text: str, *, param: str, size: tuple[int, int] | None) -> str:
        """Store a mask in our own form, scaled to `size`; a link stays a link.

        Raises PictureRejected for a broken or empty one.
        """
        if is_link(text.strip()):
            found = (await self.keep_links([text.strip()], param=param))[0]
            if is_link(found):
                return found
            data = await self._blobs.get(found)
        else:
            data = await self._in_thread(picture.decode_base64, text, self._limits, param=param)
        made = await self._in_thread(
            mask.read_mask, data, self._limits, self._polarity, size, param=param
        )
        return (await self._blobs.put(made, extension="png")).key

    async def _keep(self, text: str, param: str) -> str:
        data, extension = await self._in_thread(self._read, text, param=param)
        return (await self._blobs.put(data, extension=extension)).key

    async def _in_thread(self, function: Callable[..., T], *values: object, param: str) -> T:
        try:
            async with self._decoding:
                return await asyncio.to_thread(function, *values)
        except picture.PictureRefused as refusal:
            raise PictureRejected(
                str(refusal), param=param, facts={"reason": refusal.reason}
            ) from refusal

    def _read(self, text: str) -> tuple[bytes, str]:
        kept, facts = self._check(picture.decode_base64(text, self._limits))
        return kept, facts.extension

    def _check(self, data: bytes) -> tuple[bytes, picture.Facts]:
        facts = picture.inspect(data, self._limits)
        return picture.upright(data), facts
