"""What operators do: keys of no account, payments twice, the first start of many processes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from gesso.app import House
from gesso.domain.errors import InsufficientFunds, InvalidOrder, NotFound
from gesso.services import administer
from gesso.services.administer import FIRST_ACCOUNT, Adjust, TopUp

pytestmark = pytest.mark.anyio


async def test_a_key_shows_itself_once(house: House) -> None:
    made = await administer.create_key(house.database, FIRST_ACCOUNT, "mine", test=True)
    assert made.secret.startswith("sk-test-")
    listed = {k.id: k for k in await administer.list_keys(house.database)}
    assert listed[made.key.id] == made.key
    assert made.secret not in repr(listed)
    assert made.key.hint.startswith("sk-test-")
    with pytest.raises(InvalidOrder):
        await administer.create_key(house.database, "nobody", "x")


async def test_money_by_hand(house: House) -> None:
    write = house.writer.write
    account = await administer.create_account(house.database, "a")
    assert (await write(TopUp(account.id, 50, "p1"))).available_nanos == 50
    with pytest.raises(IntegrityError):
        await write(TopUp(account.id, 50, "p1"))
    with pytest.raises(InsufficientFunds):
        await write(Adjust(account.id, -51, "a1", "too much"))
    assert (await write(Adjust(account.id, -50, "a2", "back"))).available_nanos == 0
    with pytest.raises(NotFound):
        await write(TopUp("nobody", 1, "p2"))
    with pytest.raises(ValueError, match="reason"):
        await write(Adjust(account.id, 1, "a3", ""))


async def test_setting_up_again_changes_nothing(house: House) -> None:
    before = await administer.list_accounts(house.database)
    made = await asyncio.gather(
        *(administer.set_up_first(house.database, house.writer, house.settings) for _ in range(3))
    )
    assert made == [None, None, None]
    assert await administer.list_accounts(house.database) == before
    assert len(await administer.list_keys(house.database)) == 1
