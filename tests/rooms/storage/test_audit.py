"""The audit log: appended, never changed, and bound to the change that it tells of."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from gesso.domain.errors import InsufficientFunds
from gesso.services.administer import FIRST_ACCOUNT, Adjust
from gesso.storage import audit
from gesso.storage.paging import Slice
from gesso.storage.schema import audit as table
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio


async def count(gateway: Gateway) -> int:
    async with gateway.house.database.reading() as connection:
        return len((await audit.find_page(connection, [], Slice(500)))[0])


async def test_the_database_refuses_to_change_it(gateway: Gateway) -> None:
    before = await count(gateway)
    assert before
    for statement in (update(table).values(action="x"), delete(table)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with gateway.house.database.transaction() as connection:
                await connection.execute(statement)
    assert await count(gateway) == before


async def test_a_refused_change_leaves_no_record(gateway: Gateway) -> None:
    before = await count(gateway)
    with pytest.raises(InsufficientFunds):
        await gateway.house.writer.write(Adjust(FIRST_ACCOUNT, -(10**15), "x", "no"))
    assert await count(gateway) == before
