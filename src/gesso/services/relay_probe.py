"""Probes of model upstreams that rest: a caller's call is spent only on one that lives again.

When the rest of a failing channel is over, its backend is asked whether it would work. No:
it rests on. Yes: the next call is the trial, as the breaker has it.

The same loop stores with a channel that it rests or works again, and hears from the catalogue
what other processes have stored: one statement per change of state, none per call.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from gesso.domain.channel import Channel
from gesso.domain.errors import ProviderError
from gesso.services.catalogue import Catalogue
from gesso.services.relay_breaker import Breakers, Rest
from gesso.storage import channels
from gesso.storage.database import Database

log = structlog.get_logger()

#: How often is looked whether a rest is over, and how long a backend may take to answer.
_EVERY_S, _PROBE_S = 2.0, 5.0
#: Longest reason that is stored, in characters.
_REASON = 500


class Prober:
    """Probes for one process."""

    def __init__(self, database: Database, catalogue: Catalogue, breakers: Breakers) -> None:
        """Hold the channels and who knows which of them rest."""
        self._database = database
        self._catalogue = catalogue
        self._breakers = breakers

    async def run(self) -> None:
        """Share and probe until cancelled; what changes here is stored at once."""
        loop = asyncio.get_running_loop()
        due = loop.time() + _EVERY_S
        while True:
            try:
                await self.share()
                if loop.time() >= due:
                    due = loop.time() + _EVERY_S
                    await self.probe_all()
            except Exception:
                log.exception("probes_failed")
                await asyncio.sleep(_EVERY_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._breakers.changed.wait(), due - loop.time())

    async def share(self) -> None:
        """Hear what other processes know of the channels, and store what they do not know."""
        self._hear()
        changes = self._breakers.take_changes()
        if not changes:
            return
        try:
            async with self._database.transaction() as connection:
                for one, rest in changes.items():
                    reason = rest.reason[:_REASON]
                    await channels.set_calls_rest(connection, one, rest.until, reason)
        except Exception:
            for one in changes:
                self._breakers.note_change(one)
            raise
        # Heard back at once: only then an end that another process stores is news here.
        await self._catalogue.refresh()
        self._hear()

    def _hear(self) -> None:
        known = self._catalogue.channels
        self._breakers.hear({c.id: Rest(c.calls_rest_until, c.calls_rest_reason) for c in known})

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
