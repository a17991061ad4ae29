"""Group commit: refused operations leave nothing, neighbours are not disturbed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pytest
from sqlalchemy.exc import IntegrityError

from gesso.domain.errors import InsufficientFunds
from gesso.services.administer import FIRST_ACCOUNT, Adjust, TopUp, list_accounts
from gesso.storage.database import Database
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Bug:
    """An operation that changes something and then falls over."""

    @property
    def needs(self) -> Needs:
        return Needs(accounts=(FIRST_ACCOUNT,))

    def apply(self, unit: Unit) -> None:
        account = unit.accounts[FIRST_ACCOUNT]
        unit.save_account(account._replace(available_nanos=0))
        raise RuntimeError("a bug")


async def balance(gateway: Gateway) -> int:
    return (await list_accounts(gateway.house.database))[0].available_nanos


async def test_many_at_once_are_exact(gateway: Gateway) -> None:
    start = await balance(gateway)
    writer = gateway.house.writer
    outcomes = await asyncio.gather(
        *(writer.write(TopUp(FIRST_ACCOUNT, n, f"r{n}")) for n in range(1, 301)),
        *(writer.write(Bug()) for _ in range(20)),
        *(writer.write(Adjust(FIRST_ACCOUNT, -(10**15), f"x{n}", "no")) for n in range(20)),
        return_exceptions=True,
    )
    kinds = [type(o).__name__ for o in outcomes]
    assert kinds.count("Account") == 300
    assert kinds.count("RuntimeError") == 20
    assert kinds.count(InsufficientFunds.__name__) == 20
    assert await balance(gateway) == start + 300 * 301 // 2


async def test_a_repeated_reference_fails_alone(gateway: Gateway) -> None:
    start = await balance(gateway)
    writer = gateway.house.writer
    await writer.write(TopUp(FIRST_ACCOUNT, 5, "same"))
    outcomes = await asyncio.gather(
        writer.write(TopUp(FIRST_ACCOUNT, 7, "other")),
        writer.write(TopUp(FIRST_ACCOUNT, 5, "same")),
        writer.write(TopUp(FIRST_ACCOUNT, 9, "third")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], IntegrityError)
    assert await balance(gateway) == start + 5 + 7 + 9


class Noting:
    """Passes transactions on and notes which of them are to last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.lasting: list[bool] = []

    async def run(self, work: Any, *, lasting: bool = True) -> Any:
        self.lasting.append(lasting)
        return await self._database.run(work, lasting=lasting)


async def test_one_that_lasts_makes_its_whole_commit_last(gateway: Gateway) -> None:
    house = gateway.house
    noting = Noting(house.database)
    writer = Writer(cast("Database", noting), house.jobs)
    top_ups = [TopUp(FIRST_ACCOUNT, 1, f"last{n}") for n in range(4)]
    # Nobody serves yet, so that those who ask together are committed together.
    passing = [writer.write(one, lasting=False) for one in top_ups[:2]]
    serving = asyncio.create_task(writer.run())
    await asyncio.gather(*passing)
    await asyncio.gather(writer.write(top_ups[2], lasting=False), writer.write(top_ups[3]))
    serving.cancel()
    assert noting.lasting == [False, True]


async def test_what_nobody_waits_for_goes_with_the_next_commit(gateway: Gateway) -> None:
    """In the order in which it was put."""
    noting = Noting(gateway.house.database)
    writer = Writer(cast("Database", noting), gateway.house.jobs)
    serving = asyncio.create_task(writer.run())
    start = await balance(gateway)
    later = writer.put(TopUp(FIRST_ACCOUNT, 5, "later"), lasting=False, later=True)
    second = writer.put(Adjust(FIRST_ACCOUNT, -(start + 5), "all", "needs the five"), lasting=False)
    assert (await second).available_nanos == 0
    assert later.done()
    assert noting.lasting == [False]
    serving.cancel()


async def test_what_nobody_waits_for_is_committed_alone_in_the_end(gateway: Gateway) -> None:
    start = await balance(gateway)
    async with asyncio.timeout(5):
        await gateway.house.writer.put(TopUp(FIRST_ACCOUNT, 5, "by itself"), later=True)
    assert await balance(gateway) == start + 5


async def test_a_crowd_goes_on_together(gateway: Gateway) -> None:
    """Who comes back some turns of the loop later is waited for."""
    noting = Noting(gateway.house.database)
    writer = Writer(cast("Database", noting), gateway.house.jobs)

    async def visit(number: int) -> None:
        await writer.write(TopUp(FIRST_ACCOUNT, 1, f"first{number}"), lasting=False)
        for _ in range(number % 5):
            await asyncio.sleep(0)
        await writer.write(TopUp(FIRST_ACCOUNT, 1, f"second{number}"), lasting=False)

    visits = [asyncio.create_task(visit(number)) for number in range(20)]
    await asyncio.sleep(0)
    serving = asyncio.create_task(writer.run())
    await asyncio.gather(*visits)
    serving.cancel()
    assert noting.lasting == [False, False]
