"""The list of commands, and that it is shown without loading gesso."""

from __future__ import annotations

import importlib
import subprocess
import sys

import typer

from gesso.cli import COMMANDS


def test_every_command_is_where_the_table_says() -> None:
    for place in COMMANDS.values():
        found = getattr(importlib.import_module(f"gesso.cli.{place.module}"), place.name)
        assert isinstance(found, typer.Typer) or found.__doc__
        assert place.help


def test_help_loads_nothing_else() -> None:
    code = (
        "import sys, gesso.cli\n"
        "try: gesso.cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if m.startswith(('gesso.app', 'sqlalchemy'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert all(name in done.stdout for name in COMMANDS)
