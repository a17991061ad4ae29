"""The command line: `gesso serve`, `worker`, `migrate`, `imagine`, `doctor`, `key`, and more."""

from __future__ import annotations

import sys

import typer

from gesso.cli import channels, doctor, imagine, keys, ledger, migrate, serve, users, worker
from gesso.domain.errors import GessoError

app = typer.Typer(
    help="One self-hosted gateway for image generation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command(name="serve", rich_help_panel="Run")(serve.serve)
app.command(name="worker", rich_help_panel="Run")(worker.worker)
app.command(name="migrate", rich_help_panel="Run")(migrate.migrate)
app.command(name="imagine", rich_help_panel="Use")(imagine.imagine)
app.command(name="doctor", rich_help_panel="Operate")(doctor.doctor)
app.add_typer(keys.app, name="key", rich_help_panel="Operate")
app.add_typer(keys.accounts, name="account", rich_help_panel="Operate")
app.add_typer(users.app, name="user", rich_help_panel="Operate")
app.add_typer(channels.app, name="channel", rich_help_panel="Operate")
app.add_typer(ledger.app, name="ledger", rich_help_panel="Operate")


def main() -> None:
    """Run a command; a known error is one line and exit code 2, never a traceback."""
    try:
        app()
    except GessoError as error:
        typer.echo(f"gesso: {error.message}", err=True)
        sys.exit(2)
