"""`gesso worker`: one worker process of many, on PostgreSQL."""

from __future__ import annotations

import asyncio
import signal

import typer

from gesso import settings as settings_room
from gesso.app import open_house, running_worker
from gesso.domain.errors import BadSettings
from gesso.kit import log, loop
from gesso.settings import Settings


def worker() -> None:
    """Run tasks from the shared queue, with no HTTP port; needs GESSO_DATABASE_URL.

    Start as many as you like, on any machine. Killing one loses nothing: its tasks run
    elsewhere after GESSO_HEARTBEAT_S seconds.
    """
    settings = settings_room.read()
    if not settings.distributed:
        raise BadSettings(
            "`gesso worker` needs GESSO_DATABASE_URL=postgresql://…; on SQLite, `gesso serve` "
            "runs the tasks itself"
        )
    log.set_up(as_json=settings.log_json)
    loop.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with open_house(settings) as house, running_worker(house):
        typer.echo("gesso worker is ready")
        await stopped.wait()
