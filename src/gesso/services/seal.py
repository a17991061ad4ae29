"""Credentials of channels: sealed in the database, opened only in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from gesso.domain.channel import Channel
from gesso.kit.vault import Unreadable, Vault, is_sealed
from gesso.storage import channels
from gesso.storage.database import Database

log = structlog.get_logger()

#: Options that hold credentials.
SEALED = frozenset({"api_key", "keys", "secret", "proxy"})


def sealed(vault: Vault, channel: Channel) -> Channel:
    """Return a channel as it is stored; what is sealed already stays as it is."""
    return _each(channel, lambda text: text if vault.is_current(text) else vault.seal(text))


def opened(vault: Vault, channel: Channel) -> Channel:
    """Return a channel as providers need it; a credential that cannot be read is left out."""

    def read(text: str) -> str:
        try:
            return vault.open(text)
        except Unreadable:
            log.error("channel_secret_unreadable", channel=channel.id)
            return ""

    return _each(channel, read)


async def seal_all(database: Database) -> int:
    """Seal what is stored in plain text or with an older key; returns how many channels."""
    count = 0
    async with database.transaction() as connection:
        for one in await channels.find_all(connection):
            found = await channels.lock(connection, one.id)
            if found is None or all(_is_current(database.vault, t) for t in _texts(found)):
                continue
            try:
                await channels.change(connection, sealed(database.vault, found))
            except Unreadable:
                log.error("channel_secret_unreadable", channel=one.id)
                continue
            count += 1
    return count


def _is_current(vault: Vault, text: str) -> bool:
    return not text or (is_sealed(text) and vault.is_current(text))


def _texts(channel: Channel) -> list[str]:
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    _each(channel, note)
    return found


def _each(channel: Channel, change: Callable[[str], str]) -> Channel:
    if not SEALED & channel.options.keys():
        return channel
    options: Mapping[str, Any] = {
        name: _change(value, change) if name in SEALED else value
        for name, value in channel.options.items()
    }
    return replace(channel, options=options)


def _change(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value) if value else value
    if isinstance(value, list | tuple):
        return [_change(one, change) for one in value]
    return value
