"""The list of commands, and that it is shown without loading gesso."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from gesso.cli import COMMANDS, app


def test_every_command_is_where_the_table_says() -> None:
    for place in COMMANDS.values():
        found = getattr(importlib.import_module(f"gesso.cli.{place.module}"), place.name)
        assert isinstance(found, typer.Typer) or found.__doc__
        assert place.help


def test_a_command_is_loaded_without_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    load = importlib.import_module

    def watched(name: str) -> ModuleType:
        seen.append(gc.isenabled())
        return load(name)

    monkeypatch.setattr(importlib, "import_module", watched)
    frozen = gc.get_freeze_count()
    made: list[list[int]] = [[] for _ in range(1_000)]
    assert CliRunner().invoke(app, ["migrate", "--help"]).exit_code == 0
    assert seen == [False]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(made)


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
