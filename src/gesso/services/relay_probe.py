"""Probes of model upstreams that rest: a caller's call is spent only on one that lives again.

When the rest of a failing channel is over, its backend is asked whether it would work. No:
it rests on. Yes: the next call is the trial, as the breaker has it.
"""

from __future__ import annotations

import asyncio

import structlog

from gesso.domain.channel import Channel
from gesso.domain.errors import ProviderError
from gesso.services.catalogue import Catalogue
from gesso.services.relay_breaker import Breakers

log = structlog.get_logger()

#: How often is looked whether a rest is over, and how long a backend may take to answer.
_EVERY_S, _PROBE_S = 2.0, 5.0


class Prober:
    """Probes for one process."""

    def __init__(self, catalogue: Catalogue, breakers: Breakers) -> None:
        """Hold the channels and who knows which of them rest."""
        self._catalogue = catalogue
        self._breakers = breakers

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.probe_all()
            except Exception:
                log.exception("probes_failed")

    async def probe_all(self) -> None:
        """Ask every channel whose rest is over, all at once."""
        due = [c for c in self._catalogue.channels if c.enabled and self._breakers.is_due(c.id)]
        await asyncio.gather(*(self._probe(channel) for channel in due))

    async def _probe(self, channel: Channel) -> None:
        provider = self._catalogue.providers.get(channel.provider)
        if provider is None:
            return
        self._breakers.begin(channel.id)  # no caller goes there meanwhile
        try:
            async with asyncio.timeout(_PROBE_S):
                await provider.probe(channel)
        except (ProviderError, TimeoutError) as error:
            reason = error.message if isinstance(error, ProviderError) else "no answer"
            self._breakers.record_failure(channel.id, f"probe: {reason}")
        else:
            self._breakers.end_probe(channel.id)
