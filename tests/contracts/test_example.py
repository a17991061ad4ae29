"""The example package: installed, found by its entry point, and true to the contract."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "gesso-example"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that has the example package."""
    place = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command = [*pip, "--no-build-isolation", "--target", str(place), str(EXAMPLE)]
    subprocess.run(command, check=True, cwd=place)
    return {**os.environ, "PYTHONPATH": str(place)}


def run(environ: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], env=environ, cwd=EXAMPLE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_found_by_its_entry_point(installed: dict[str, str]) -> None:
    code = "from gesso.providers import discover; print(discover()['example'].manifest.title)"
    assert run(installed, "-c", code) == "Example\n"


def test_it_keeps_the_contract(installed: dict[str, str]) -> None:
    shown = run(installed, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert " passed" in shown
    assert "skipped" not in shown


def test_it_is_short() -> None:
    lines = (EXAMPLE / "src" / "gesso_example" / "__init__.py").read_text().splitlines()
    assert len(lines) <= 60
