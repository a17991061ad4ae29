"""Pictures of a request: links that are public, or data, at most 12 MiB each (section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from gesso.domain.errors import InvalidOrder, PictureRejected
from gesso.domain.order import is_link
from gesso.kit.web import Guard, WebRefused, WebUnavailable
from gesso.services.intake import Intake

#: Largest picture that a request of this wire may carry.
MAX_BYTES = 12 * 1024 * 1024
#: Most pictures of one request: what the wire's own image models take.
MOST = 16


class Inputs:
    """Takes the pictures of requests in."""

    def __init__(self, intake: Intake, guard: Guard) -> None:
        """Hold who stores pictures and who knows which addresses are public."""
        self._intake = intake
        self._guard = guard

    async def pictures(
        self, named: Sequence[str] | None, *, at_least: int, at_most: int, action: str
    ) -> tuple[str, ...]:
        """Return the pictures of `image_urls`, stored or as links, in their order."""
        found = list(named or ())
        if at_least and not found:
            raise InvalidOrder(f"image_urls is required for {action}", param="image_urls")
        if not at_least <= len(found) <= at_most:
            wanted = f"{at_least}-{at_most}" if at_least < at_most else f"exactly {at_most}"
            raise InvalidOrder(f"image_urls takes {wanted} images for {action}", param="image_urls")
        return tuple([await self.one(text, f"image_urls[{n}]") for n, text in enumerate(found)])

    async def one(self, text: str, param: str) -> str:
        """Return one picture; raises InvalidOrder for a private link, PictureRejected."""
        if not text.strip():
            raise PictureRejected("the picture is empty", param=param)
        return await self._public(await self._intake.keep_one(text, param=param), param)

    async def mask(self, text: str, param: str, size: tuple[int, int] | None) -> str:
        """Return a mask in our own form, or its public link."""
        kept = await self._intake.keep_mask(text, param=param, size=size)
        return await self._public(kept, param)

    async def links(self, urls: Sequence[str]) -> tuple[str, ...]:
        """Return the links that stand in a prompt."""
        return await self._intake.keep_links(urls, param="prompt")

    async def _public(self, named: str, param: str) -> str:
        """Refuse a link to a private address at once; the worker checks it again."""
        if not is_link(named):
            return named
        try:
            await self._guard.check(named)
        except WebRefused as refusal:
            raise InvalidOrder(f"{param} is not a public URL: {refusal}", param=param) from None
        except WebUnavailable:
            pass  # Its server may answer when the work begins.
        return named
