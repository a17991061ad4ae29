"""What operators change while gesso runs: channels, prices and banned words, kept at hand.

Read from the database every few seconds, so that a submit costs no query for them and a
change is seen by every process soon. `refresh` makes a change visible here at once.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.caller import ApiKey
from gesso.domain.channel import Channel, Luck, Rule
from gesso.domain.errors import BannedPrompt
from gesso.domain.order import Order
from gesso.domain.provider import Provider
from gesso.domain.task import Action, Lane
from gesso.ledger.model_prices import group_factor
from gesso.ledger.money import DOLLAR
from gesso.ledger.pricing import DEFAULTS, Quote, quote
from gesso.services import seal
from gesso.storage import banned, channels, prices
from gesso.storage.database import Database

log = structlog.get_logger()
_REFRESH_S = 2.0


class Catalogue:
    """Channels, prices and banned words as they were a moment ago."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, Provider],
        banned_words: str,
        rule: Rule = Rule.BEST_WAIT,
    ) -> None:
        """Start empty; `refresh` fills it."""
        self._rule = rule
        self._turn = itertools.count()
        self._readings = itertools.count(1)
        self._known = 0  #: Which reading is the one that is at hand.
        self._database = database
        self.providers = providers
        self._fixed_words = tuple(w.strip() for w in banned_words.split(",") if w.strip())
        self.channels: tuple[Channel, ...] = ()
        self.prices: Mapping[str, int] = DEFAULTS
        self._banned: re.Pattern[str] | None = None

    async def refresh(self) -> None:
        """Read everything again; a reading that began earlier never replaces a later one."""
        reading = next(self._readings)
        found, changed, words = await self._database.read(_find_all)
        if reading < self._known:
            return
        self._known = reading
        self.channels = tuple(seal.opened(self._database.vault, one) for one in found)
        self.prices = {**DEFAULTS, **changed}
        self._banned = _whole_words((*self._fixed_words, *words))

    async def run(self) -> None:
        """Keep refreshing until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("catalogue_refresh_failed")
            await asyncio.sleep(_REFRESH_S)

    def channel(self, channel_id: str | None) -> Channel | None:
        """Return a channel by id, or None."""
        return next((c for c in self.channels if c.id == channel_id), None)

    def takes_tasks(self, channel: Channel) -> bool:
        """Say whether a channel's provider takes tasks; others only relay calls."""
        provider = self.providers.get(channel.provider)
        return provider is not None and bool(provider.manifest.actions)

    def can(self, channel: Channel, action: Action) -> bool:
        """Say whether a channel's provider can do an action."""
        provider = self.providers.get(channel.provider)
        return provider is not None and action in provider.manifest.actions

    def luck(self) -> Luck:
        """Return what the next pick of a channel depends on."""
        draw = random.random()
        return Luck(self._rule, next(self._turn), draw)

    def quote(self, key: ApiKey, order: Order) -> Quote:
        """Return what an order costs at most; a test key pays nothing."""
        version = order.price_version or order.version
        return self.price(key, order.price_action, version, order.lane, order.times)

    def price(self, key: ApiKey, action: str, version: str, lane: Lane, times: int = 1) -> Quote:
        """Return the price of an action by its billing name."""
        price = quote(self.prices, action, version=version, lane=lane, times=times)
        if key.test:
            return Quote(price.key, 0)
        factor = group_factor(self.prices, key.price_group)
        return Quote(price.key, price.nanos * factor // DOLLAR)

    def check_words(self, final_prompt: str, written: str) -> None:
        """Raise BannedPrompt naming the word as it stands in the prompt.

        A word may be banned in the language that it was written in, or in English.
        """
        if not self._banned:
            return
        found = self._banned.search(final_prompt) or self._banned.search(written)
        if found is not None:
            raise BannedPrompt(
                f"the prompt holds a banned word: {found[0]}",
                param="prompt",
                facts={"promptEn": final_prompt or written, "bannedWord": found[0]},
            )


async def _find_all(
    connection: AsyncConnection,
) -> tuple[list[Channel], dict[str, int], tuple[str, ...]]:
    return (
        await channels.find_all(connection),
        await prices.find_all(connection),
        tuple(await banned.find_all(connection)),
    )


def _whole_words(words: tuple[str, ...]) -> re.Pattern[str] | None:
    if not words:
        return None
    # Longest first, so that the reported word is the whole one. Scripts without blanks have
    # no word borders: \b would never match between two of their letters, nor does it at the
    # end of a word such as "c++".
    parts = [
        re.escape(w) if any(ord(c) > 0x2E7F for c in w) else rf"(?<!\w){re.escape(w)}(?!\w)"
        for w in sorted(words, key=len, reverse=True)
    ]
    return re.compile("|".join(parts), re.IGNORECASE)
