"""The commands as a person types them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gesso.cli import app
from gesso.domain.errors import GessoError
from tests.client import Client
from tests.conftest import free_port
from tests.crash.processes import GESSO, running, until_up


def run(
    data_dir: Path, *words: str, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GESSO_")}
    quick = {"GESSO_SANDBOX_PAINT_S": "0", "GESSO_SANDBOX_PIXELS": "4096"}
    return subprocess.run(
        [*GESSO, *words],
        env=kept | quick | {"GESSO_DATA_DIR": str(data_dir)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


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


def test_the_first_key_is_printed_once(tmp_path: Path) -> None:
    first, second = run(tmp_path, "migrate"), run(tmp_path, "migrate")
    assert "sk-" in first.stdout
    assert "sk-" not in second.stdout
    doctor = run(tmp_path, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "FAIL " not in doctor.stdout


def test_keys_accounts_and_money(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: a dozen starts of Python would take most of the time."""
    monkeypatch.setenv("GESSO_DATA_DIR", str(tmp_path))

    def here(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    here("migrate")
    account = here("account", "create", "mine").stdout.strip()
    again = [here("account", "top-up", account, "12.5", "--reference", "p1") for _ in "ab"]
    assert "12.50 available" in again[0].stdout
    assert again[1].exit_code != 0
    key = here("key", "create", "--account", account, "--spend-limit", "3").stdout.strip()
    assert key.startswith("sk-")
    most = ("--spend-per-day", "2.5", "--spend-per-month", "40", "--requests-per-minute", "60")
    more = ("--tokens-per-minute", "9000", "--open-calls", "4")
    assert here("key", "create", "--account", account, *most, *more).stdout.startswith("sk-")
    listed = here("key", "list").stdout
    assert key not in listed
    assert key[-4:] in listed
    assert "drift $0.00" in here("ledger", "check").stdout
    for words in (
        ("account", "top-up", account, "1e3"),
        ("account", "top-up", "nobody", "1"),
        ("key", "create", "--account", "nobody"),
        ("key", "create", "--spend-per-day", "-1"),
        ("key", "revoke", "nobody"),
        ("channel", "create", "x", "--provider", "nothing"),
        ("worker",),
    ):
        failed = here(*words)
        # `main` makes one line and exit code 2 of these; see the wrong settings below.
        assert isinstance(failed.exception, GessoError) or failed.exit_code == 2, words


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"GESSO_HOST": "0.0.0.0"}, "GESSO_ADMIN_KEY"),
        ({"GESSO_FOO": "1"}, "GESSO_FOO is not a setting"),
        ({"GESSO_CALLBACK_PORTS": "80,9000"}, "GESSO_CALLBACK_PORTS"),
        ({"GESSO_PORT": "x"}, "GESSO_PORT must be a whole number"),
        ({"GESSO_ADMIN_KEY": "secret"}, "GESSO_ADMIN_KEY must start with sk-"),
        ({"GESSO_DATABASE_URL": "mysql://x"}, "postgresql://"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(
    tmp_path: Path, env: dict[str, str], text: str
) -> None:
    failed = run(tmp_path, "serve", **env)
    assert failed.returncode == 2
    assert text in failed.stderr
    assert "Traceback" not in failed.stderr


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
