"""What operators change is seen soon; banned words are whole words in any script."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from gesso.app import House
from gesso.domain.channel import Channel
from gesso.domain.errors import BannedPrompt
from gesso.domain.task import Action
from gesso.ledger.pricing import DEFAULTS
from gesso.services import administer
from gesso.services.catalogue import Catalogue
from gesso.storage import prices
from gesso.storage.database import Database

pytestmark = pytest.mark.anyio


async def test_a_change_is_seen_after_a_refresh(small_house: House) -> None:
    catalogue = small_house.catalogue
    made = await administer.create_channel(
        small_house.database, Channel("", "up", "mjproxy", base_url="http://x")
    )
    key = next(iter(DEFAULTS))
    async with small_house.database.transaction() as connection:
        await prices.replace(connection, {key: 42})
    await catalogue.refresh()
    assert catalogue.channel(made.id) == made
    assert catalogue.prices[key] == 42
    assert catalogue.channel(None) is None
    assert catalogue.can(made, Action.PAN)
    assert not catalogue.can(replace(made, provider="gone"), Action.IMAGINE)


class SlowFirst:
    """A database whose first answer stays on the way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.vault = database.vault
        self.goes_on, self.has_read = asyncio.Event(), asyncio.Event()

    async def read(self, work: Any) -> Any:
        found = await self._database.read(work)
        if not self.has_read.is_set():
            self.has_read.set()
            await self.goes_on.wait()
        return found


async def test_a_slow_reading_does_not_undo_a_later_one(small_house: House) -> None:
    slow = SlowFirst(small_house.database)
    catalogue = Catalogue(cast("Database", slow), {}, "")
    early = asyncio.create_task(catalogue.refresh())
    await slow.has_read.wait()
    made = await administer.create_channel(
        small_house.database, Channel("", "up", "mjproxy", base_url="http://x")
    )
    await catalogue.refresh()
    slow.goes_on.set()
    await early
    assert catalogue.channel(made.id) == made


@pytest.mark.parametrize(
    ("words", "prompt", "found"),
    [
        ("ass", "grass and glass", None),
        ("ass", "an ASS!", "ASS"),
        ("red, red fox", "a red fox", "red fox"),
        ("c++", "I like c++ most", "c++"),
        ("c++", "c+", None),
        ("血腥", "很血腥的画", "血腥"),
        ("", "anything", None),
        (" , ,", "anything", None),
        ("a.b", "axb", None),
        ("naïve", "so NAÏVE", "NAÏVE"),
    ],
)
async def test_banned_words(small_house: House, words: str, prompt: str, found: str | None) -> None:
    catalogue = Catalogue(small_house.database, {}, words)
    await catalogue.refresh()
    if found is None:
        catalogue.check_words(prompt, prompt)
        return
    with pytest.raises(BannedPrompt) as refusal:
        catalogue.check_words(prompt, prompt)
    assert refusal.value.facts == {"promptEn": prompt, "bannedWord": found}
    with pytest.raises(BannedPrompt) as refusal:  # a translation does not hide it
        catalogue.check_words("harmless", prompt)
    assert refusal.value.facts == {"promptEn": "harmless", "bannedWord": found}
