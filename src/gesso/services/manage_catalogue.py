"""Prices and banned words: what operators change of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from gesso.domain.actor import Actor
from gesso.domain.errors import Conflict, InvalidValue, NotFound
from gesso.ledger.money import LARGEST
from gesso.ledger.price_file import KEY, read_prices
from gesso.ledger.pricing import DEFAULTS
from gesso.services import record
from gesso.services.catalogue import Catalogue
from gesso.storage import banned, prices
from gesso.storage.banned import Word
from gesso.storage.database import Database
from gesso.storage.paging import Slice, page_of

__all__ = ["KEY", "Price", "PriceDesk", "Word", "WordDesk", "read_prices"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a price key costs, in nano-dollars, and what it would without the change."""

    key: str
    nanos: int
    default_nanos: int | None
    changed: bool


class PriceDesk:
    """Serves operators with prices."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        """Hold the rows and the catalogue that must show changes at once."""
        self._database = database
        self._catalogue = catalogue

    async def page(self, part: Slice, *, changed_only: bool) -> tuple[list[Price], str | None]:
        """Return a page of the price list, by key."""
        async with self._database.reading() as connection:
            changed = await prices.find_all(connection)
        every = {**({} if changed_only else DEFAULTS), **changed}
        keys, cursor = page_of(sorted(every), part)
        return [Price(k, every[k], DEFAULTS.get(k), k in changed) for k in keys], cursor

    async def set(self, actor: Actor, key: str, nanos: int) -> Price:
        """Set a price; tasks that were accepted before keep theirs."""
        if not 0 <= nanos <= LARGEST:
            raise InvalidValue("a price must not be negative", param="price")
        async with self._database.transaction() as connection:
            before = (await prices.find_all(connection)).get(key, DEFAULTS.get(key))
            await prices.replace(connection, {key: nanos})
            await record.keep(
                connection,
                actor,
                "price.set",
                key,
                before={"nanos": before},
                after={"nanos": nanos},
            )
        await self._catalogue.refresh()
        return Price(key, nanos, DEFAULTS.get(key), True)

    async def set_all(self, actor: Actor, found: Mapping[str, int]) -> None:
        """Set many prices at once, all or none."""
        async with self._database.transaction() as connection:
            known = {**DEFAULTS, **await prices.find_all(connection)}
            changed = {key: nanos for key, nanos in found.items() if known.get(key) != nanos}
            await prices.replace(connection, found)
            before = {key: known.get(key) for key in changed}
            await record.keep(
                connection, actor, "price.import", "prices", before=before, after=changed
            )
        await self._catalogue.refresh()

    async def remove(self, actor: Actor, key: str) -> None:
        """Drop a changed price, so that the default holds again; raises NotFound."""
        async with self._database.transaction() as connection:
            before = await prices.remove(connection, key)
            if before is None:
                raise NotFound(f"this price was not changed: {key[:120]}")
            after = {"nanos": DEFAULTS.get(key)}
            await record.keep(
                connection, actor, "price.remove", key, before={"nanos": before}, after=after
            )
        await self._catalogue.refresh()


class WordDesk:
    """Serves operators with banned words."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        """Hold the rows and the catalogue that must show changes at once."""
        self._database = database
        self._catalogue = catalogue

    async def page(self, part: Slice, group: str | None) -> tuple[list[Word], str | None]:
        """Return a page of the words that were added here, in their order."""
        async with self._database.reading() as connection:
            return await banned.find_page(connection, part, group)

    async def add(self, actor: Actor, word: str, group: str = "") -> Word:
        """Ban a word; raises Conflict when it is there already."""
        made = Word(word.strip(), group.strip())
        if not made.word:
            raise InvalidValue("a word has letters", param="word")
        try:
            async with self._database.transaction() as connection:
                await banned.add(connection, made)
                after = {"group": made.group}
                await record.keep(connection, actor, "word.add", made.word, after=after)
        except IntegrityError as error:
            raise Conflict("this word is banned already", param="word") from error
        await self._catalogue.refresh()
        return made

    async def switch(self, actor: Actor, group: str, enabled: bool) -> int:
        """Switch a group on or off; returns how many words it has. Raises NotFound."""
        async with self._database.transaction() as connection:
            count = await banned.switch(connection, group, enabled)
            if not count:
                raise NotFound(f"no word is in this group: {group[:60]}")
            after = {"enabled": enabled}
            await record.keep(connection, actor, "word.switch", group, after=after)
        await self._catalogue.refresh()
        return count

    async def remove(self, actor: Actor, word: str) -> None:
        """Allow a word again; raises NotFound."""
        async with self._database.transaction() as connection:
            if not await banned.remove(connection, word):
                raise NotFound("this word is not banned here")
            await record.keep(connection, actor, "word.remove", word)
        await self._catalogue.refresh()
