"""The check finds what is wrong."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from gesso.ledger import audit
from gesso.storage.schema import accounts, tasks
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio


async def test_every_kind_of_disagreement_is_found(gateway: Gateway) -> None:
    done = await gateway.client.until(await gateway.client.imagine("a --sandbox blank"))
    await gateway.client.imagine("a --sandbox slow:60")
    spoil = {
        "available balance": update(accounts).values(
            available_nanos=accounts.c.available_nanos + 1
        ),
        "held balance": update(accounts).values(held_nanos=accounts.c.held_nanos + 1),
        "holds of open tasks and calls": update(tasks)
        .where(tasks.c.status != "succeeded")
        .values(price_nanos=tasks.c.price_nanos + 1),
        "charges of finished tasks and calls": update(tasks)
        .where(tasks.c.id == int(done["id"]))
        .values(charged_nanos=tasks.c.charged_nanos + 1),
    }
    database = gateway.house.database
    async with database.snapshot() as connection:
        assert (await audit.check(connection)).drift_nanos == 0
    for what, statement in spoil.items():
        async with database.writer.connect() as connection:
            await connection.execute(statement)
            report = await audit.check(connection)
            assert [f.what for f in report.findings] == [what]
            assert report.drift_nanos == 1
            await connection.rollback()
