"""Channels: configured backends, changed while gesso runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from gesso.domain.actor import Actor
from gesso.domain.channel import Channel, Load
from gesso.domain.errors import Conflict, InvalidValue, NotFound, ProviderError
from gesso.domain.provider import Manifest
from gesso.services import administer, record, seal
from gesso.services.catalogue import Catalogue
from gesso.services.record import MASK, masked
from gesso.services.relay import Relayer
from gesso.services.relay_breaker import Health
from gesso.storage import channels, task_pages, tasks
from gesso.storage.database import Database
from gesso.storage.paging import Slice

__all__ = ["ChannelDesk", "masked"]

#: Seconds that a backend may take to say that it is there.
_PROBE_S = 10.0
#: Up to how many tasks of a channel are counted.
_COUNT = 100_000


class ChannelDesk:
    """Serves operators with channels."""

    def __init__(self, database: Database, catalogue: Catalogue, relayer: Relayer) -> None:
        """Hold the rows, the catalogue that must show changes at once, and who relays."""
        self._relayer = relayer
        self._database = database
        self._catalogue = catalogue

    async def page(self, part: Slice) -> tuple[list[tuple[Channel, Load]], str | None]:
        """Return a page of channels with how busy each is, newest first."""
        async with self._database.reading() as connection:
            found, cursor = await channels.find_page(connection, part)
            loads = [await tasks.count_load(connection, c.id, most=_COUNT) for c in found]
        return list(zip(map(self._resting, found), loads, strict=True)), cursor

    async def get(self, channel_id: str) -> tuple[Channel, Load]:
        """Return a channel and how busy it is; raises NotFound."""
        async with self._database.reading() as connection:
            channel = _known(await channels.lock(connection, channel_id), channel_id)
            load = await tasks.count_load(connection, channel_id, most=_COUNT)
        return self._resting(channel), load

    def manifests(self) -> list[Manifest]:
        """Return what each provider declares, by name."""
        providers = self._catalogue.providers
        return [providers[name].manifest for name in sorted(providers)]

    async def create(self, actor: Actor, channel: Channel) -> tuple[Channel, Load]:
        """Create a channel; raises InvalidValue when its provider cannot work with it."""
        self._check(channel)
        made = await administer.create_channel(self._database, channel, actor=actor)
        await self._catalogue.refresh()
        return await self.get(made.id)

    async def change(
        self, actor: Actor, channel_id: str, values: dict[str, Any]
    ) -> tuple[Channel, Load]:
        """Change a channel; an option sent back masked keeps its value."""
        async with self._database.transaction() as connection:
            before = _known(await channels.lock(connection, channel_id), channel_id)
            if "options" in values:
                values = values | {"options": _unmasked(values["options"], before)}
            after = replace(before, **values)
            self._check(after)
            await channels.change(connection, seal.sealed(self._database.vault, after))
            # Whoever mends a channel wants it to be tried at once.
            await channels.set_health(connection, channel_id, None, "")
            self._relayer.router.breakers.record_success(channel_id)
            changed = record.difference(record.facts(before), record.facts(after))
            await record.keep(connection, actor, "channel.update", channel_id, **changed)
        await self._catalogue.refresh()
        return await self.get(channel_id)

    async def test(self, channel_id: str) -> str:
        """Ask a channel's backend whether it would work; returns why not, empty if it would."""
        channel, _ = await self.get(channel_id)
        return await self.probe(seal.opened(self._database.vault, channel))

    def health(self, channel: Channel) -> Health | None:
        """Return how a channel that relays does in this process; None for another."""
        opened = self._catalogue.channel(channel.id)
        return self._relayer.health(opened) if opened is not None else None

    async def probe(self, channel: Channel) -> str:
        """Ask the backend of a channel that may not be stored yet; returns why it would not do.

        Starts nothing. Raises InvalidValue when its provider cannot work with it at all.
        """
        self._check(channel)
        provider = self._catalogue.providers[channel.provider]
        try:
            async with asyncio.timeout(_PROBE_S):
                await provider.probe(channel)
        except ProviderError as error:
            return error.message
        except TimeoutError:
            return f"no answer within {_PROBE_S:g} seconds"
        return ""

    async def remove(self, actor: Actor, channel_id: str) -> None:
        """Delete a channel; raises Conflict while it is enabled or has open tasks.

        A disabled channel gets no new tasks, so what is counted here stays zero.
        """
        async with self._database.transaction() as connection:
            before = _known(await channels.lock(connection, channel_id), channel_id)
            if before.enabled:
                raise Conflict("disable the channel first, so that it gets no new tasks")
            if await task_pages.is_channel_busy(connection, channel_id):
                raise Conflict("the channel still has open tasks")
            await channels.remove(connection, channel_id)
            await record.keep(
                connection, actor, "channel.delete", channel_id, before=record.facts(before)
            )
        await self._catalogue.refresh()

    def _resting(self, channel: Channel) -> Channel:
        """Return a channel that relays with the rest that this process gives it."""
        known = self._relayer.router.breakers.find(channel.id)
        if channel.broken_until is not None or known.open_until is None:
            return channel
        return replace(channel, broken_until=known.open_until, broken_reason=known.reason)

    def _check(self, channel: Channel) -> None:
        provider = self._catalogue.providers.get(channel.provider)
        if provider is None:
            known = ", ".join(sorted(self._catalogue.providers))
            raise InvalidValue(f"no such provider; there are {known}", param="provider")
        is_web = channel.base_url.startswith(("http://", "https://"))
        if not is_web and (channel.base_url or provider.manifest.needs_base_url):
            raise InvalidValue("base_url must start with http:// or https://", param="base_url")


def _known(channel: Channel | None, channel_id: str) -> Channel:
    if channel is None:
        raise NotFound(f"no such channel: {channel_id[:60]}")
    return channel


def _unmasked(options: dict[str, Any], before: Channel) -> dict[str, Any]:
    return {
        name: before.options.get(name, value) if value == MASK else value
        for name, value in options.items()
    }
