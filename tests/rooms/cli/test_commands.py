"""The commands as a person types them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gesso.cli import app, main
from gesso.domain.errors import GessoError
from tests.client import Client
from tests.conftest import free_port
from tests.crash.processes import GESSO, running, until_up

QUICK = {"GESSO_SANDBOX_PAINT_S": "0", "GESSO_SANDBOX_PIXELS": "4096"}


def run(
    data_dir: Path, *words: str, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GESSO_")}
    return subprocess.run(
        [*GESSO, *words],
        env=kept | QUICK | {"GESSO_DATA_DIR": str(data_dir)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


def here(monkeypatch: pytest.MonkeyPatch, data_dir: Path, *words: str, **env: str) -> int:
    """Run a command as `gesso` does, but in this process; returns the exit code.

    A start of Python takes longer than most commands. Not for those that set up the log: it
    would go on writing to what this test has captured.
    """
    for name in [one for one in os.environ if one.startswith("GESSO_")]:
        monkeypatch.delenv(name)
    for name, value in (QUICK | {"GESSO_DATA_DIR": str(data_dir)} | env).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["gesso", *words])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_imagine_saves_four_pictures_and_the_grid(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(tmp_path, "imagine", "a red fox in the snow", "--ar", "3:2", "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert sorted(p.name.rpartition("-")[2] for p in out.iterdir()) == [
        "1.png", "2.png", "3.png", "4.png", "grid.png",
    ]  # fmt: skip
    wrong = run(tmp_path, "imagine", "a --stylize 5000")
    assert wrong.returncode == 2
    assert "1000" in wrong.stderr
    assert "nothing was charged" in wrong.stderr


def test_the_first_key_is_printed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "sk-" in run(tmp_path, "migrate").stdout
    assert here(monkeypatch, tmp_path, "migrate") == 0
    assert "sk-" not in capfd.readouterr().out
    code, said = here(monkeypatch, tmp_path, "doctor"), capfd.readouterr().out
    assert code == 0, said
    assert "1. ok " in said
    assert "FAIL " not in said


def test_keys_accounts_and_money(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: a dozen starts of Python would take most of the time."""
    monkeypatch.setenv("GESSO_DATA_DIR", str(tmp_path))

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    invoke("migrate")
    account = invoke("account", "create", "mine").stdout.strip()
    again = [invoke("account", "top-up", account, "12.5", "--reference", "p1") for _ in "ab"]
    assert "12.50 available" in again[0].stdout
    assert again[1].exit_code != 0
    key = invoke("key", "create", "--account", account, "--spend-limit", "3").stdout.strip()
    assert key.startswith("sk-")
    most = ("--spend-per-day", "2.5", "--spend-per-month", "40", "--requests-per-minute", "60")
    more = ("--tokens-per-minute", "9000", "--open-calls", "4")
    assert invoke("key", "create", "--account", account, *most, *more).stdout.startswith("sk-")
    listed = invoke("key", "list").stdout
    assert key not in listed
    assert key[-4:] in listed
    assert "drift $0.00" in invoke("ledger", "check").stdout
    for words in (
        ("account", "top-up", account, "1e3"),
        ("account", "top-up", "nobody", "1"),
        ("key", "create", "--account", "nobody"),
        ("key", "create", "--spend-per-day", "-1"),
        ("key", "revoke", "nobody"),
        ("channel", "create", "x", "--provider", "nothing"),
        ("worker",),
    ):
        failed = invoke(*words)
        # `main` makes one line and exit code 2 of these; see the wrong settings below.
        assert isinstance(failed.exception, GessoError) or failed.exit_code == 2, words


def test_all_addresses_need_an_admin_key_of_the_operators_own(tmp_path: Path) -> None:
    failed = run(tmp_path, "serve", GESSO_HOST="0.0.0.0")
    assert failed.returncode == 2
    assert "GESSO_ADMIN_KEY" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"GESSO_FOO": "1"}, "GESSO_FOO is not a setting"),
        ({"GESSO_CALLBACK_PORTS": "80,9000"}, "GESSO_CALLBACK_PORTS"),
        ({"GESSO_PORT": "x"}, "GESSO_PORT must be a whole number"),
        ({"GESSO_ADMIN_KEY": "secret"}, "GESSO_ADMIN_KEY must start with sk-"),
        ({"GESSO_DATABASE_URL": "mysql://x"}, "postgresql://"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    env: dict[str, str],
    text: str,
) -> None:
    assert here(monkeypatch, tmp_path, "serve", **env) == 2
    said = capfd.readouterr().err
    assert text in said
    assert said.count("\n") == 1


@pytest.mark.anyio
async def test_two_gateways_do_not_share_a_directory(tmp_path: Path) -> None:
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GESSO_")}
    env = kept | {"GESSO_DATA_DIR": str(tmp_path), "GESSO_PORT": str(port)}
    with running([sys.executable, "-m", "gesso", "serve"], env):
        async with Client(f"http://127.0.0.1:{port}", "") as client:
            await until_up(client)
        second = await asyncio.to_thread(run, tmp_path, "imagine", "x")
        assert second.returncode == 2
        assert "another gesso already works" in second.stderr
