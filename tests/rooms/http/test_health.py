"""Health answers from what is really there."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette

from gesso import __version__
from gesso.http.health import HealthRoom
from gesso.storage.database import open_database
from tests.client import Client
from tests.serving import serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("url", "ready"), [("", 200), ("postgresql://nobody@127.0.0.1:9/none", 503)]
)
async def test_alive_is_not_ready(tmp_path: Path, url: str, ready: int) -> None:
    database = open_database(url, tmp_path)
    room = HealthRoom(database)
    async with serving(Starlette(routes=room.routes())) as base, Client(base, "") as client:
        alive = await client.call("GET", "/healthz")
        assert (alive.status, alive.json["version"]) == (200, __version__)
        assert (await client.call("GET", "/readyz")).status == ready
    await database.close()
