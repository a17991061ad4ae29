"""`gesso user …`: people who may log in to the admin API."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from gesso import settings as settings_room
from gesso.app import House, open_house
from gesso.domain.actor import CLI
from gesso.domain.caller import Role
from gesso.domain.errors import InvalidOrder
from gesso.services import administer
from gesso.services.authenticate import Authenticator
from gesso.services.manage_users import UserDesk
from gesso.storage.paging import Slice

app = typer.Typer(help="Add, list and remove people who may log in.", no_args_is_help=True)

_PAGE = 500
_FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def _desk(house: House) -> UserDesk:
    return UserDesk(house.database, Authenticator(house.database))


def _ask(from_input: bool) -> str:
    """Read a password from a pipe, or ask twice without showing it."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidOrder("no terminal to ask for a password; use --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name to log in with.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    account: Annotated[
        str, typer.Option(help="Account that pays for their tasks.")
    ] = administer.FIRST_ACCOUNT,
    password_stdin: _FromInput = False,
) -> None:
    """Create a user and print the id."""
    password = _ask(password_stdin)

    async def run() -> str:
        async with open_house(settings_room.read(), set_up=True) as house:
            return (await _desk(house).create(CLI, name, role, account, password)).id

    typer.echo(asyncio.run(run()))


@app.command("list")
def list_users() -> None:
    """List users with their role and account."""

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            cursor: str | None = ""
            while cursor is not None:
                found, cursor = await _desk(house).page(Slice(_PAGE, cursor))
                for one in found:
                    typer.echo(f"{one.id}  {one.role}  {one.account_id}  {one.name}")

    asyncio.run(run())


@app.command("password")
def password(
    name: Annotated[str, typer.Argument(help="Name of the user.")],
    password_stdin: _FromInput = False,
) -> None:
    """Set another password; logins made with the one before end."""
    new = _ask(password_stdin)

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            desk = _desk(house)
            await desk.change(CLI, (await desk.get_by_name(name)).id, {"password": new})

    asyncio.run(run())
    typer.echo(f"the password of {name} is changed")


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Name of the user.")]) -> None:
    """Remove a user and revoke their keys."""

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            desk = _desk(house)
            await desk.remove(CLI, (await desk.get_by_name(name)).id)

    asyncio.run(run())
    typer.echo(f"{name} is removed")
