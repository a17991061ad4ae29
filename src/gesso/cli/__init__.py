"""The command line: `gesso serve`, `worker`, `migrate`, `imagine`, `doctor`, `key`, and more.

A command's module is loaded when that command runs: loading all of gesso takes a second, and
`gesso --help` needs none of it.
"""

from __future__ import annotations

import gc
import importlib
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command as as_command

from gesso.domain.errors import GessoError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is, and its line in the list of commands."""

    module: str
    name: str
    panel: str
    help: str


COMMANDS = {
    "serve": Place("serve", "serve", "Run", "Start the gateway."),
    "worker": Place("worker", "worker", "Run", "Run tasks of a PostgreSQL installation."),
    "migrate": Place("migrate", "migrate", "Run", "Bring the database to this version."),
    "imagine": Place("imagine", "imagine", "Use", "Paint a picture and save it."),
    "doctor": Place("doctor", "doctor", "Operate", "Check this installation."),
    "key": Place("keys", "app", "Operate", "Create, list and revoke API keys."),
    "account": Place("keys", "accounts", "Operate", "Create accounts and change balances."),
    "user": Place("users", "app", "Operate", "People who may log in."),
    "channel": Place("channels", "app", "Operate", "Add and list backends."),
    "price": Place("prices", "app", "Operate", "Read and import prices."),
    "ledger": Place("ledger", "app", "Operate", "Prove and read the books."),
}


def _load(place: Place) -> Any:
    """Return a command, loaded without the garbage collector, which then leaves it alone.

    What modules make stays, and yet it would be walked with every thousand new objects: a fifth
    of the time to the first line of a command.
    """
    gc.disable()
    try:
        return getattr(importlib.import_module(f"{__name__}.{place.module}"), place.name)
    finally:
        gc.freeze()
        gc.enable()


class Commands(TyperGroup):
    """Lists every command and loads the one that is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command as far as a list shows it."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        return TyperCommand(cmd_name, help=place.help, rich_help_panel=place.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command itself, loaded, with what it is to read."""
        name, shown, rest = super().resolve_command(ctx, args)
        place = COMMANDS.get(name or "")
        if place is None:
            return name, shown, rest
        found = _load(place)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
            single.command(name=name)(found)
            found = single
        command = as_command(found)
        command.name = name
        return name, command, rest


app = typer.Typer(
    help="One self-hosted gateway for image generation.",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """One self-hosted gateway for image generation."""


def main() -> None:
    """Run a command; a known error is one line and exit code 2, never a traceback."""
    try:
        app()
    except GessoError as error:
        typer.echo(f"gesso: {error.message}", err=True)
        sys.exit(2)
