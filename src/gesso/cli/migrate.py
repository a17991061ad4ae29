"""`gesso migrate`: bring the database to this version."""

from __future__ import annotations

import asyncio

import typer

from gesso import settings as settings_room
from gesso.app import open_house


def migrate() -> None:
    """Create or upgrade the database and make the first key if there is none.

    Safe to run again and from several machines at once. Back the database up before you
    upgrade gesso.
    """
    asyncio.run(_migrate())


async def _migrate() -> None:
    settings = settings_room.read()
    async with open_house(settings, set_up=True) as house:
        if house.first_key:
            typer.echo(f"First admin key (shown this one time, keep it):\n{house.first_key}")
        typer.echo("the database is up to date")
