"""Recordings that are written down: multipart, relayed from disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gesso.dialects.openai import forms
from gesso.dialects.openai.door import Bounds, Visit
from gesso.dialects.openai.relays import Relays, repeatable_form
from gesso.domain import model as models
from gesso.domain.call import Usage
from gesso.domain.errors import InvalidOrder
from gesso.domain.relay import Endpoint
from gesso.kit import sound
from gesso.services.relay_demand import Demand

#: Tokens that models count for a second of sound, and that a second of speech becomes.
_TOKENS_PER_S, _WORDS_PER_S = 10, 5


class Audio:
    """Takes recordings."""

    def __init__(self, relays: Relays, bounds: Bounds) -> None:
        """Hold who relays and the limits."""
        self._relays = relays
        self._bounds = bounds

    def of(self, endpoint: Endpoint) -> Callable[[Visit], Awaitable[None]]:
        """Return the handler of transcriptions or translations."""

        async def handle(visit: Visit) -> None:
            key = await visit.admit()
            async with forms.reading(visit.request, self._bounds.body_bytes) as form:
                model = models.check_name(form.text("model"))
                uploads = form.files("file")
                if not uploads:
                    raise InvalidOrder("Missing required parameter: 'file'.", param="file")
                upload = uploads[0]
                length, estimated = await asyncio.to_thread(
                    sound.length_ms, upload.file, upload.size or 0
                )
                seconds = -(-length // 1000)
                demand = Demand(
                    endpoint,
                    model,
                    lambda c: form.ask(endpoint.value, models.upstream_name(c, model)),
                    Usage(
                        seconds * _TOKENS_PER_S,
                        output_tokens=seconds * _WORDS_PER_S,
                        audio_ms=length,
                        estimated=estimated,
                    ),
                    again=await repeatable_form(visit, endpoint, form),
                )
                await self._relays.serve(visit, key, demand)

        return handle
