"""/prices and /words: what tasks cost and what prompts may not hold."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.wire import (
    Amount,
    Body,
    Group,
    Moment,
    Money,
    Name,
    Page,
    Paged,
    View,
    write_money,
    write_money_or_none,
)
from gesso.domain.errors import InvalidValue
from gesso.domain.permission import Permission
from gesso.services.manage_catalogue import KEY, Price, Word, read_prices
from gesso.services.office import Office


class PriceQuery(Paged):
    """Which prices."""

    changed: bool = False


class NewPrice(Body):
    """What a price key costs from now on."""

    price: Amount


class PriceFile(Body):
    """A price list as JSON or CSV; `multiplier` is a factor on every price of it."""

    text: Annotated[str, Meta(max_length=200_000)]
    multiplier: Annotated[str, Meta(max_length=20)] = "1"


class Imported(View):
    """How many prices were set."""

    set: int


class PriceView(View):
    """A line of the price list."""

    key: str
    price: Money
    default: Money | None
    changed: bool


class Question(Body):
    """Which time is to be priced again, and which prices are other than today's."""

    since: Moment
    until: Moment
    prices: Annotated[dict[str, Amount], Meta(max_length=500)] = field(default_factory=dict)


class SimulationLine(View):
    """All that was sold at one price key: what was paid, and what it would cost."""

    price_key: str
    sold: int
    paid: Money
    today: Money
    changed: Money


class SimulationView(View):
    """What a time would have cost; not `whole` when only the newest sales were counted."""

    whole: bool
    sold: int
    paid: Money
    today: Money
    changed: Money
    lines: list[SimulationLine]


class WordView(View):
    """A word that no prompt may hold, unless its group is switched off."""

    word: str
    group: str
    enabled: bool


class NewWord(Body):
    """A word to ban."""

    word: Name
    group: Group = ""


class WordQuery(Paged):
    """Which words."""

    group: Group | None = None


class GroupChange(Body):
    """Whether the words of a group are banned."""

    enabled: bool


class GroupView(View):
    """A group of banned words."""

    group: str
    enabled: bool
    words: int


def _write(price: Price) -> PriceView:
    return PriceView(
        key=price.key,
        price=write_money(price.nanos),
        default=write_money_or_none(price.default_nanos),
        changed=price.changed,
    )


def _write_word(word: Word) -> WordView:
    return WordView(word=word.word, group=word.group, enabled=word.enabled)


class Catalogue:
    """The handlers of these nouns."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._prices = office.prices
        self._simulator = office.simulator
        self._words = office.words

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        prices, words = Table("prices"), Table("words")
        one, word = "/prices/{key:path}", "/words/{word:path}"
        prices.list("/prices", self.page, "List prices", answer=Page[PriceView], query=PriceQuery)
        prices.add(
            "POST", "/price-imports", self.import_file, "Set every price of a file, or none",
            permission=Permission.PRICES, body=PriceFile, answer=Imported, status=201,
            example={"text": "model,input,output\ngpt-4o,2.50,10\n", "multiplier": "1.2"},
            description="JSON: prices by key, or what /pricing.json answers. CSV: the columns "
            "key,price, or model and one for each unit. Amounts are US dollars.",
        )  # fmt: skip
        prices.add(
            "PUT", one, self.set, "Set a price",
            permission=Permission.PRICES, body=NewPrice, answer=PriceView,
            example={"price": {"usd": "0.05"}},
        )  # fmt: skip
        prices.add(
            "DELETE", one, self.remove, "Go back to the default price",
            permission=Permission.PRICES, status=204,
        )  # fmt: skip
        prices.add(
            "POST", "/prices/simulation", self.simulate,
            "Compute what a time would have cost with other prices",
            permission=Permission.PRICES, body=Question, answer=SimulationView,
            example={"since": "2026-01-05T00:00:00Z", "until": "2026-01-12T00:00:00Z",
                     "prices": {"midjourney@imagine-fast": {"usd": "0.06"}}},
            description="Changes nothing. Of the newest 50,000 delivered tasks and 50,000 charged "
            "calls in at most 92 days; what was free or failed is left out.",
        )  # fmt: skip
        words.list(
            "/words", self.words, "List banned words", answer=Page[WordView], query=WordQuery
        )
        words.add(
            "POST", "/words", self.add_word, "Ban a word",
            permission=Permission.WORDS, body=NewWord, answer=WordView, status=201,
            errors=(409,), example={"word": "gore", "group": "violence"},
        )  # fmt: skip
        words.add(
            "PATCH", "/word-groups/{group}", self.switch, "Switch a group of words on or off",
            permission=Permission.WORDS, body=GroupChange, answer=GroupView,
            example={"enabled": False},
        )  # fmt: skip
        words.add(
            "DELETE", word, self.remove_word, "Allow a word again",
            permission=Permission.WORDS, status=204,
        )  # fmt: skip
        return [*prices.rows, *words.rows]

    async def page(self, call: Call[PriceQuery, None]) -> tuple[list[PriceView], str | None]:
        """GET /prices."""
        found, cursor = await self._prices.page(call.part, changed_only=call.query.changed)
        return [_write(price) for price in found], cursor

    async def set(self, call: Call[None, NewPrice]) -> PriceView:
        """PUT /prices/{key}."""
        key = call.path["key"]
        if KEY.fullmatch(key) is None:
            raise InvalidValue("a price key looks like midjourney@imagine-v7-fast", param="key")
        return _write(await self._prices.set(call.actor, key, call.body.price.read("price")))

    async def import_file(self, call: Call[None, PriceFile]) -> Imported:
        """POST /price-imports."""
        try:
            found = read_prices(call.body.text, multiplier=call.body.multiplier)
        except ValueError as error:
            raise InvalidValue(str(error), param="text") from error
        await self._prices.set_all(call.actor, found)
        return Imported(set=len(found))

    async def remove(self, call: Call[None, None]) -> None:
        """DELETE /prices/{key}."""
        await self._prices.remove(call.actor, call.path["key"])

    async def simulate(self, call: Call[None, Question]) -> SimulationView:
        """POST /prices/simulation."""
        body = call.body
        changes = {key: amount.read(f"prices.{key}") for key, amount in body.prices.items()}
        found = await self._simulator.simulate(body.since, body.until, changes)
        lines = found.lines
        return SimulationView(
            whole=found.whole,
            sold=sum(one.sold for one in lines),
            paid=write_money(sum(one.paid_nanos for one in lines)),
            today=write_money(sum(one.now_nanos for one in lines)),
            changed=write_money(sum(one.then_nanos for one in lines)),
            lines=[
                SimulationLine(
                    price_key=one.price_key,
                    sold=one.sold,
                    paid=write_money(one.paid_nanos),
                    today=write_money(one.now_nanos),
                    changed=write_money(one.then_nanos),
                )
                for one in lines
            ],
        )

    async def words(self, call: Call[WordQuery, None]) -> tuple[list[WordView], str | None]:
        """GET /words."""
        found, cursor = await self._words.page(call.part, call.query.group)
        return [_write_word(word) for word in found], cursor

    async def add_word(self, call: Call[None, NewWord]) -> WordView:
        """POST /words."""
        made = await self._words.add(call.actor, call.body.word, call.body.group)
        return _write_word(made)

    async def switch(self, call: Call[None, GroupChange]) -> GroupView:
        """PATCH /word-groups/{group}."""
        group, enabled = call.path["group"], call.body.enabled
        count = await self._words.switch(call.actor, group, enabled)
        return GroupView(group=group, enabled=enabled, words=count)

    async def remove_word(self, call: Call[None, None]) -> None:
        """DELETE /words/{word}."""
        await self._words.remove(call.actor, call.path["word"])
