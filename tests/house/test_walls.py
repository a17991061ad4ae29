"""The house tests itself: what house rules say, read from the code."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gesso.dialects.midjourney import wire
from gesso.domain.task import Action, TaskStatus
from gesso.providers import discover

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gesso"
MODULES = sorted(SOURCE.rglob("*.py"))

#: Longer than this needs a reason here.
LONGEST = 400
LONG_BECAUSE = {
    "domain/prompt_flags.py": "one table of all flags with the readers of their values",
    "painting/places.py": "nine landscapes that share their helpers",
    "painting/subjects.py": "a table of shapes",
}


def trees(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((SOURCE / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), path


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_short(path: Path) -> None:
    name = str(path.relative_to(SOURCE))
    if "migrations" not in name and name not in LONG_BECAUSE:
        assert len(path.read_text().splitlines()) <= LONGEST, name


def test_no_float_near_money() -> None:
    for path, tree in trees("ledger"):
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.Name) and node.id == "float"), path
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), path


def test_one_writer_of_status() -> None:
    writers = re.compile(r"update\(tasks\)|insert\(tasks\)")
    found = {str(path.relative_to(SOURCE)) for path in MODULES if writers.search(path.read_text())}
    assert found == {"storage/tasks.py"}


def test_the_environment_is_read_once() -> None:
    found = {str(p.relative_to(SOURCE)) for p in MODULES if "os.environ" in p.read_text()}
    # `gesso imagine` hands a changed copy to `settings.read`.
    assert found == {"settings.py", "cli/imagine.py"}


def test_no_names_that_mean_nothing() -> None:
    banned = {"utils", "util", "helpers", "common", "manager", "base", "misc", "data", "info"}
    assert not {p for p in MODULES if p.stem in banned}


def test_every_dialect_covers_every_word() -> None:
    assert set(wire.STATUS) == set(TaskStatus)
    assert set(wire.ACTION) == set(Action)


def test_dropping_a_file_makes_a_provider() -> None:
    here = (SOURCE / "providers").iterdir()
    files = {p.stem for p in here if not p.stem.startswith("__")}
    assert set(discover()) == files


def test_no_registry_and_no_machine_in_tracked_files() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    hosts = re.compile("files" + r"\.pythonhosted|registry\.npm" + "js|--(extra-)?index-" + "url")
    for name in listed.stdout.split("\n"):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".webp"}:
            assert not hosts.search(path.read_text()), name
