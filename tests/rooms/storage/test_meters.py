"""Windows that are asked for are found, however many, and none that only look like them."""

from __future__ import annotations

import pytest

from gesso.app import House
from gesso.domain.limits import Meter
from gesso.storage import meters

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("count", [1, 3, 64, 150])
async def test_windows_are_found_by_their_whole_names(house: House, count: int) -> None:
    kept: list[tuple[Meter, int]] = [
        ((f"key_{count}_{n:03d}", what, since), 1 + n)
        for n in range(count)
        for what, since in (("tokens", 60), ("tokens", 120), ("day", 60))
    ]
    wanted = [name for name, _ in kept if name[1:] != ("tokens", 120)]
    missing: Meter = (f"key_{count}_000", "day", 120)
    async with house.database.transaction() as connection:
        await meters.save(connection, kept)
        found = await meters.find(connection, [*wanted, missing, *wanted])
    counted = dict(kept)
    assert found == {**{name: counted[name] for name in wanted}, missing: 0}


async def test_a_count_is_replaced(house: House) -> None:
    name: Meter = ("key_replaced", "requests", 60)
    async with house.database.transaction() as connection:
        await meters.save(connection, [])
        await meters.save(connection, [(name, 1)])
        await meters.save(connection, [(name, 5)])
        assert await meters.find(connection, []) == {}
        assert await meters.find(connection, [name]) == {name: 5}
