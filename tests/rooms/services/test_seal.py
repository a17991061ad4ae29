"""Credentials of channels at rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from gesso import settings as settings_room
from gesso.app import open_house
from gesso.domain.channel import Channel
from gesso.kit import clock
from gesso.services import administer
from gesso.storage import channels
from gesso.storage.schema import channels as table
from tests.conftest import ADMIN

pytestmark = pytest.mark.anyio
SECRETS = {
    "api_key": "sk-plain-1",
    "keys": ["sk-plain-2", "sk-plain-3"],
    "secret": "",
    "models": "m",
}


async def test_sealed_at_rest_opened_in_memory_and_rotated(tmp_path: Path) -> None:
    def settings(keys: str) -> settings_room.Settings:
        return settings_room.read({}, data_dir=tmp_path, admin_key=ADMIN, secret_key=keys)

    async def stored(house: object) -> str:
        async with house.database.reading() as connection:  # type: ignore[attr-defined]
            return " ".join(row.options for row in await connection.execute(select(table)))

    made = Channel("ch_new", "new", "openai", base_url="http://x", options=SECRETS)
    plain = Channel("ch_old", "old", "openai", base_url="http://x", options=SECRETS)
    async with open_house(settings("first"), set_up=True) as house:
        await administer.create_channel(house.database, made)
        async with house.database.transaction() as connection:
            await channels.create(connection, plain, clock.now())
        await house.catalogue.refresh()
        assert (house.catalogue.channel("ch_new") or plain).options == SECRETS
        assert (await stored(house)).count("sk-plain") == 3
    async with open_house(settings("second, first"), set_up=True) as house:
        assert "sk-plain" not in await stored(house)
        for channel_id in ("ch_new", "ch_old"):
            assert (house.catalogue.channel(channel_id) or made).options == SECRETS
    async with open_house(settings("second"), set_up=True) as house:
        assert (house.catalogue.channel("ch_old") or made).options == SECRETS
    async with open_house(settings("lost"), set_up=True) as house:
        found = house.catalogue.channel("ch_new")
        assert found is not None
        assert found.options == {"api_key": "", "keys": ["", ""], "secret": "", "models": "m"}
