"""Secrets at rest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gesso.kit.vault import Unreadable, Vault, is_sealed, read_or_draw


def test_a_sealed_text_opens_and_does_not_tell() -> None:
    vault = Vault(["one"])
    sealed = vault.seal("sk-secret")
    assert is_sealed(sealed)
    assert "secret" not in sealed
    assert vault.open(sealed) == "sk-secret"
    assert vault.open("plain") == "plain"
    assert vault.open(vault.seal(sealed)) == "sk-secret"


def test_keys_are_rotated_without_a_gap() -> None:
    old = Vault(["old"]).seal("x")
    both = Vault(["new", "old"])
    assert both.open(old) == "x"
    assert not both.is_current(old)
    again = both.seal(old)
    assert both.is_current(again)
    assert Vault(["new"]).open(again) == "x"
    with pytest.raises(Unreadable):
        Vault(["new"]).open(old)


def test_the_drawn_key_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret.key"
    key = read_or_draw(path)
    assert len(key) >= 40
    assert read_or_draw(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
