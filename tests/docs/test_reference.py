"""The reference pages are what the code says; the README's commands exist."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    ["settings.md", "errors.md", "task-states.md", "providers.md", "prices.md", "test-cards.md"],
)
def test_pages_are_current(name: str) -> None:
    page = (DOCS / "reference" / name).read_text()
    assert page == maker().current(name), "run `make reference`"
