"""Ask a model for the gateway itself: the same channels, keys and breakers as callers' calls.

What the gateway asks for its own work (a translation, a moderation) is on the operator: it
is booked to no account, and needs no price.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Refused, Unavailable
from gesso.domain.model import upstream_name
from gesso.domain.relay import Ask, Endpoint
from gesso.services.catalogue import Catalogue
from gesso.services.relay_route import Router
from gesso.services.relay_try import Attempts

#: Longest answer that is read, in bytes.
_MOST = 1024 * 1024


class Inquirer:
    """Asks for one process."""

    def __init__(self, catalogue: Catalogue, router: Router, attempts: Attempts) -> None:
        """Hold the channels, who orders them and who asks them."""
        self._catalogue = catalogue
        self._router = router
        self._attempts = attempts

    async def ask(
        self, endpoint: Endpoint, model: str, body: Mapping[str, Any], *, timeout_s: float
    ) -> Any:
        """Return the decoded JSON answer to a body without its `model`.

        Raises UnknownModel or NoChannel when no channel can be asked, and Unavailable,
        Refused or Garbled when none of them gave an answer within the time.
        """

        def write(channel: Channel) -> Ask:
            named = {**body, "model": upstream_name(channel, model)}
            raw = msgspec.json.encode(named)
            return Ask(endpoint.value, body=raw, content_type="application/json", waits=True)

        channels = self._router.order(self._catalogue.channels, endpoint, model)
        try:
            async with (
                asyncio.timeout(timeout_s),
                await self._attempts.open(channels, write) as opened,
            ):
                answer = bytearray()
                async for chunk in opened.chunks:
                    answer += chunk
                    if len(answer) > _MOST:
                        raise Garbled(f"the answer of {model} has more than {_MOST} bytes")
        except TimeoutError as error:
            raise Unavailable(f"{model} did not answer within {timeout_s:g} s") from error
        if opened.status >= 400:
            raise Refused(f"{model} refuses: HTTP {opened.status}")
        try:
            return msgspec.json.decode(answer)
        except msgspec.DecodeError as error:
            raise Garbled(f"{model} answers with something that is not JSON") from error
