"""`gesso ledger …`: a wrong book is shown and ends with 1."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.rooms.cli.commands import gesso


def test_right_and_wrong_books(tmp_path: Path) -> None:
    gesso(tmp_path, "migrate")
    code, out = gesso(tmp_path, "ledger", "check")
    assert (code, "drift $0.00" in out) == (0, True)
    code, out = gesso(tmp_path, "ledger", "show")
    assert (code, "top_up" in out) == (0, True)
    with sqlite3.connect(tmp_path / "gesso.db") as database:
        database.execute("UPDATE accounts SET available_nanos = available_nanos + 5")
    database.close()
    code, out = gesso(tmp_path, "ledger", "check")
    assert code == 1
    assert "available balance" in out
    code, out = gesso(tmp_path, "doctor")
    assert code == 1
    assert "FAIL  books are right" in out
