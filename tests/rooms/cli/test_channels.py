"""`gesso channel …`."""

from __future__ import annotations

from pathlib import Path

from tests.rooms.cli.commands import gesso


def test_a_channel_is_created_with_what_was_said(tmp_path: Path) -> None:
    code, out = gesso(
        tmp_path, "channel", "create", "up", "--provider", "mjproxy", "--base-url", "http://u",
        "--lane", "relax", "--core-size", "2", "--remark", "nice",
    )  # fmt: skip
    assert code == 0
    assert out.strip().startswith("ch_")
    code, listed = gesso(tmp_path, "channel", "list")
    assert code == 0
    assert out.strip() in listed
    assert "mjproxy" in listed


def test_mistakes_are_named(tmp_path: Path) -> None:
    code, out = gesso(tmp_path, "channel", "create", "x", "--provider", "nothing")
    assert (code, "mjproxy" in out) == (2, True)
    code, out = gesso(tmp_path, "channel", "create", "x", "--provider", "mjproxy")
    assert (code, "--base-url" in out) == (2, True)
    code, out = gesso(
        tmp_path, "channel", "create", "x", "--provider", "sandbox", "--option", "sk-secret"
    )
    assert (code, "NAME=VALUE" in out) == (2, True)
    code, _ = gesso(tmp_path, "channel", "create", "x", "--provider", "sandbox", "--core-size", "0")
    assert code == 2
