"""A house without doors: database, queue, store and writer, but no HTTP and no worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gesso import settings as settings_room
from gesso.app import House, open_house
from tests import databases
from tests.conftest import ADMIN
from tests.rooms.customer import Customer


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Runs the test on both databases."""
    settings = settings_room.read(
        {}, database_url=database_url, data_dir=tmp_path, admin_key=ADMIN, sandbox_pixels=4096
    )
    if not settings.database_url:
        databases.place_sqlite(tmp_path)
    async with open_house(settings, set_up=True) as opened:
        yield opened


@pytest.fixture
async def small_house(tmp_path: Path) -> AsyncIterator[House]:
    """On SQLite alone, for what no database decides."""
    settings = settings_room.read({}, data_dir=tmp_path, admin_key=ADMIN, sandbox_pixels=4096)
    databases.place_sqlite(tmp_path)
    async with open_house(settings, set_up=True) as opened:
        yield opened


@pytest.fixture
async def customer(house: House) -> Customer:
    return await Customer.of(house)


@pytest.fixture
async def small_customer(small_house: House) -> Customer:
    return await Customer.of(small_house)
