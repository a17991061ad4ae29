"""Commands run in the test's own process: as typed, with the exit code a shell would see."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from gesso.cli import app
from gesso.domain.errors import GessoError


def gesso(data_dir: Path, *words: str, **env: str) -> tuple[int, str]:
    """Return the exit code and everything that was printed."""
    quick = {"GESSO_SANDBOX_PIXELS": "4096", "GESSO_DATA_DIR": str(data_dir)}
    done = CliRunner().invoke(app, list(words), env=quick | env)
    if isinstance(done.exception, GessoError):
        return 2, done.exception.message
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output
