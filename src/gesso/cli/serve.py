"""`gesso serve`: the whole gateway in one process, or one API process of many."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from gesso import settings as settings_room
from gesso.app import House, build_web, open_house, running_worker
from gesso.http.server import configure
from gesso.kit import log, loop
from gesso.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where database and pictures go.")] = None,
) -> None:
    """Start the gateway; on SQLite this is the complete product.

    The first start creates the database and prints the first admin key, once. Every setting
    can be given by environment (GESSO_…), see docs/reference/settings.md.
    """
    settings = settings_room.read(host=host, port=port, data_dir=data_dir)
    log.set_up(as_json=settings.log_json)
    # Ctrl-C is how a person stops it; everything is closed by then.
    with contextlib.suppress(KeyboardInterrupt):
        loop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with open_house(settings, set_up=True) as house:
        where = house.settings
        server = uvicorn.Server(configure(build_web(house), where.host, where.port))
        if settings.worker_inside or not settings.distributed:
            async with running_worker(house):
                await _listen(server, house)
        else:
            await _listen(server, house)


async def _listen(server: uvicorn.Server, house: House) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        loop.settle()
        _greet(house)
    await serving


def _greet(house: House) -> None:
    if house.first_key:
        typer.echo("")
        typer.echo("  First admin key (shown this one time, keep it):")
        typer.echo(f"  {house.first_key}")
        typer.echo("")
    typer.echo(f"gesso is ready at {house.settings.base_url}")
