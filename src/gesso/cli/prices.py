"""`gesso price …`: the price list."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gesso import settings as settings_room
from gesso.app import open_house
from gesso.domain.actor import CLI
from gesso.domain.errors import InvalidOrder
from gesso.ledger.money import write_dollars
from gesso.ledger.price_file import read_prices
from gesso.services.manage_catalogue import PriceDesk

app = typer.Typer(help="Read and import prices.", no_args_is_help=True)


@app.command("import")
def import_prices(
    file: Annotated[str, typer.Argument(help="JSON or CSV in US dollars; - is standard input.")],
    multiplier: Annotated[str, typer.Option(help="Factor on every price, such as 1.2.")] = "1",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be set.")
    ] = False,
) -> None:
    """Set every price of a file, or none; running processes take them up within seconds."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        found = read_prices(text, multiplier=multiplier)
    except (OSError, ValueError) as error:
        raise InvalidOrder(f"{file}: {error}") from error
    for key, nanos in found.items():
        typer.echo(f"{key}  {write_dollars(nanos)}")
    if dry_run:
        return

    async def run() -> None:
        async with open_house(settings_room.read(), set_up=True) as house:
            await PriceDesk(house.database, house.catalogue).set_all(CLI, found)

    asyncio.run(run())
    typer.echo(f"{len(found)} prices are set")


@app.command("list")
def list_prices() -> None:
    """Print every price key with its price in US dollars."""

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            for key, nanos in sorted(house.catalogue.prices.items()):
                typer.echo(f"{key}  {write_dollars(nanos)}")

    asyncio.run(run())
