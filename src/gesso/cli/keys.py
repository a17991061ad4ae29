"""`gesso key …` and `gesso account …`: who may call and who pays."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gesso import settings as settings_room
from gesso.app import open_house
from gesso.domain import ids
from gesso.domain.caller import Role
from gesso.domain.errors import InvalidOrder
from gesso.domain.limits import Limits
from gesso.ledger.money import read_dollars, write_dollars
from gesso.services import administer

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)
#: Heading of what limits a key beside --concurrency and --rate; counted over all processes.
_LIMITS = "Limits"
accounts = typer.Typer(help="Create accounts and change their balance.", no_args_is_help=True)


def _dollars(text: str, name: str) -> int:
    try:
        return read_dollars(text)
    except ValueError as error:
        raise InvalidOrder(f"{name}: {error}") from error


def _most_dollars(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    nanos = _dollars(text, name)
    if nanos < 0:
        raise InvalidOrder(f"{name}: a limit must not be negative")
    return nanos


@app.command("create")
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    account: Annotated[str, typer.Option(help="Account that pays.")] = administer.FIRST_ACCOUNT,
    admin: Annotated[bool, typer.Option("--admin", help="The same as --role admin.")] = False,
    role: Annotated[Role, typer.Option(help="What it may do beside its own tasks.")] = Role.MEMBER,
    test: Annotated[
        bool, typer.Option("--test", help="sk-test-…: paints on the sandbox and costs nothing.")
    ] = False,
    days: Annotated[float | None, typer.Option(help="Days until it expires.")] = None,
    spend_limit: Annotated[str | None, typer.Option(help="Most dollars it may spend.")] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="Allowed action, such as imagine; repeatable.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Allowed network, such as 10.0.0.0/8; repeatable.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Most open tasks at once.")] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Most requests of any kind per minute.")
    ] = None,
    requests_per_minute: Annotated[
        int | None,
        typer.Option(
            min=1, help="Most relayed calls (chat, audio …) a minute.", rich_help_panel=_LIMITS
        ),
    ] = None,
    tokens_per_minute: Annotated[
        int | None,
        typer.Option(min=1, help="Most tokens of relayed calls a minute.", rich_help_panel=_LIMITS),
    ] = None,
    open_calls: Annotated[
        int | None,
        typer.Option(min=1, help="Most relayed calls at once.", rich_help_panel=_LIMITS),
    ] = None,
    spend_per_day: Annotated[
        str | None,
        typer.Option(help="Most dollars a day (UTC), pictures and calls.", rich_help_panel=_LIMITS),
    ] = None,
    spend_per_month: Annotated[
        str | None,
        typer.Option(
            help="Most dollars a month (UTC), pictures and calls.", rich_help_panel=_LIMITS
        ),
    ] = None,
) -> None:
    """Create a key and print it, this one time."""
    for one in network or ():
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            raise InvalidOrder(f"--network: {error}") from error

    limits = Limits(
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        concurrency=open_calls,
        day_nanos=_most_dollars(spend_per_day, "--spend-per-day"),
        month_nanos=_most_dollars(spend_per_month, "--spend-per-month"),
    )

    async def run() -> administer.NewKey:
        async with open_house(settings_room.read(), set_up=True) as house:
            return await administer.create_key(
                house.database,
                account,
                name,
                role=Role.ADMIN if admin else role,
                test=test,
                expires_at=None if days is None else datetime.now(UTC) + timedelta(days=days),
                spend_limit_nanos=_most_dollars(spend_limit, "--spend-limit"),
                actions=action or (),
                networks=network or (),
                concurrency=concurrency,
                rate_per_minute=rate,
                limits=limits,
            )

    typer.echo(asyncio.run(run()).secret)


@app.command("list")
def list_keys() -> None:
    """List keys; the keys themselves are not stored and cannot be shown."""

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            for key in await administer.list_keys(house.database):
                state = "revoked" if key.revoked_at else "active"
                spent = write_dollars(key.spent_nanos)
                typer.echo(f"{key.id}  {key.hint}  {key.role}  {state}  ${spent}  {key.name}")

    asyncio.run(run())


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="Id from `gesso key list`.")]) -> None:
    """Switch a key off for good, within a second everywhere."""

    async def run() -> bool:
        async with open_house(settings_room.read()) as house:
            return await administer.revoke_key(house.database, key_id)

    if not asyncio.run(run()):
        raise InvalidOrder(f"no such key: {key_id}")
    typer.echo(f"{key_id} is revoked")


@accounts.command("create")
def create_account(name: Annotated[str, typer.Argument(help="Whose account it is.")]) -> None:
    """Create an account with an empty balance and print its id."""

    async def run() -> str:
        async with open_house(settings_room.read(), set_up=True) as house:
            return (await administer.create_account(house.database, name)).id

    typer.echo(asyncio.run(run()))


@accounts.command("list")
def list_accounts() -> None:
    """List accounts with what they can spend and what is held for open tasks."""

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            for one in await administer.list_accounts(house.database):
                free, held = write_dollars(one.available_nanos), write_dollars(one.held_nanos)
                typer.echo(f"{one.id}  ${free} available  ${held} held  {one.name}")

    asyncio.run(run())


@accounts.command("top-up")
def top_up(
    account: Annotated[str, typer.Argument(help="Account id.")],
    dollars: Annotated[str, typer.Argument(help="Amount, such as 25 or 12.50.")],
    reference: Annotated[
        str | None, typer.Option(help="Your payment's id; the same one credits only once.")
    ] = None,
    note: Annotated[str, typer.Option(help="Shown in the statement.")] = "",
) -> None:
    """Credit an account."""
    nanos = _dollars(dollars, "amount")
    if nanos <= 0:
        raise InvalidOrder("the amount must be positive; use `gesso account adjust` to take away")

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            paid = administer.TopUp(account, nanos, reference or ids.new_id("pay"), note)
            after = await house.writer.write(paid)
            typer.echo(f"{after.id}: ${write_dollars(after.available_nanos)} available")

    asyncio.run(run())


@accounts.command("adjust")
def adjust(
    account: Annotated[str, typer.Argument(help="Account id.")],
    dollars: Annotated[str, typer.Argument(help="Amount; put -- before a negative one.")],
    note: Annotated[str, typer.Option(help="Why; it is kept in the ledger.")],
) -> None:
    """Correct a balance by hand, up or down, never below zero."""
    nanos = _dollars(dollars, "amount")
    if nanos == 0:
        raise InvalidOrder("the amount must not be zero")

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            correction = administer.Adjust(account, nanos, ids.new_id("adj"), note)
            after = await house.writer.write(correction)
            typer.echo(f"{after.id}: ${write_dollars(after.available_nanos)} available")

    asyncio.run(run())
