"""`gesso ledger …`: prove and read the books."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gesso import settings as settings_room
from gesso.app import open_house
from gesso.ledger import audit, statement
from gesso.ledger.money import write_dollars
from gesso.services.administer import FIRST_ACCOUNT

app = typer.Typer(help="Prove and read the books.", no_args_is_help=True)


@app.command("check")
def check() -> None:
    """Prove that all sums are zero and that open holds equal open tasks.

    Exits with 1 and a line for each disagreement when they do not. Safe while gesso runs.
    """

    async def run() -> audit.Report:
        async with (
            open_house(settings_room.read()) as house,
            house.database.snapshot() as connection,
        ):
            return await audit.check(connection)

    report = asyncio.run(run())
    for finding in report.findings:
        typer.echo(str(finding), err=True)
    typer.echo(
        f"{report.accounts} accounts, {report.open_tasks} open tasks, "
        f"${write_dollars(report.held_nanos)} held, "
        f"drift ${write_dollars(report.drift_nanos)}"
    )
    if report.findings:
        raise typer.Exit(1)


@app.command("show")
def show(
    account: Annotated[str, typer.Argument(help="Account id.")] = FIRST_ACCOUNT,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most lines.")] = 50,
) -> None:
    """Print an account's newest postings."""

    async def run() -> None:
        async with (
            open_house(settings_room.read()) as house,
            house.database.reading() as connection,
        ):
            for line in await statement.lines(connection, account, limit=limit):
                when = line.posted_at.strftime("%Y-%m-%d %H:%M:%S")
                amount = f"{write_dollars(line.amount_nanos):>14}"
                what = line.task_id or line.note
                typer.echo(f"{when}  {line.verb:<8}{amount}  {line.price_key}  {what}")

    asyncio.run(run())
