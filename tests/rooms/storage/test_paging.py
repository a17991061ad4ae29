"""Pages: every row once, though rows come in between; made-up cursors are refused."""

from __future__ import annotations

import base64

import pytest
from sqlalchemy import select

from gesso.app import House
from gesso.domain.errors import InvalidOrder
from gesso.storage import banned
from gesso.storage.banned import Word
from gesso.storage.paging import Order, Slice, page_of, read_page
from gesso.storage.schema import banned_words

pytestmark = pytest.mark.anyio


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def test_every_row_once_though_others_come_and_go(house: House) -> None:
    order = Order((banned_words.c.word,))
    async with house.database.transaction() as connection:
        for word in ("a", "b", "c", "d", "e"):
            await banned.add(connection, Word(word))
        first = await read_page(connection, select(banned_words), order, Slice(2))
        assert [r["word"] for r in first.rows] == ["e", "d"]
        await banned.add(connection, Word("dd"))
        await banned.remove(connection, "d")  # The very row that the cursor names.
        rest = await read_page(
            connection, select(banned_words), order, Slice(9, first.cursor or "")
        )
        assert [r["word"] for r in rest.rows] == ["c", "b", "a"]
        assert rest.cursor is None


async def test_a_full_last_page_has_no_next_one(house: House) -> None:
    async with house.database.transaction() as connection:
        await banned.add(connection, Word("a"))
        await banned.add(connection, Word("b", "g", enabled=False))
        assert await banned.find_page(connection, Slice(2)) == (
            [Word("a"), Word("b", "g", enabled=False)], None,
        )  # fmt: skip
        assert await banned.find_page(connection, Slice(2), "g") == (
            [Word("b", "g", enabled=False)], None,
        )  # fmt: skip


@pytest.mark.parametrize(
    "made_up",
    ["?", "AAAA", cursor("[]"), cursor("[1]"), cursor('["a","b"]'), cursor('["\\u0000"]'),
     cursor("[true]"), cursor("{}"), "A" * 2001],
)  # fmt: skip
def test_made_up_cursors_are_refused(made_up: str) -> None:
    with pytest.raises(InvalidOrder) as refusal:
        page_of(["a", "b"], Slice(1, made_up))
    assert refusal.value.param == "cursor"


def test_pages_of_what_is_at_hand() -> None:
    seen: list[str] = []
    part = Slice(2)
    while True:
        page, after = page_of(["a", "b", "c", "ä", "中"], part)
        seen += page
        if after is None:
            break
        part = Slice(2, after)
    assert seen == ["a", "b", "c", "ä", "中"]
