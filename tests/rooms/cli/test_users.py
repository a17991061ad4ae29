"""`gesso user …` in this process: what it prints and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gesso.cli import app
from gesso.domain.errors import Conflict, InvalidOrder, InvalidValue, NotFound


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GESSO_DATA_DIR", str(tmp_path))


def user(*words: str, password: str = "") -> Result:
    return CliRunner().invoke(app, ["user", *words], input=password)


def test_users_from_the_command_line() -> None:
    create = ("create", "ann", "--role", "operator", "--password-stdin")
    made = user(*create, password="a long password\n")
    assert made.stdout.startswith("usr_"), made.exception
    assert "operator" in user("list").stdout
    changed = user("password", "ann", "--password-stdin", password="another password\n")
    assert changed.exit_code == 0
    bob = ("create", "bob", "--role", "viewer")
    for failed, kind in (
        (user(*create, password="a long password"), Conflict),
        (user(*bob, "--password-stdin", password="short"), InvalidValue),
        (user(*bob, "--password-stdin", "--account", "no", password="x" * 12), InvalidValue),
        (user(*bob), InvalidOrder),
        (user("remove", "nobody"), NotFound),
    ):
        assert type(failed.exception) is kind, failed.output
    assert user("remove", "ann").exit_code == 0
    assert "ann" not in user("list").stdout
