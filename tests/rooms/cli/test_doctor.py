"""`gesso doctor`: says what is wrong and how to mend it, and shows no secret."""

from __future__ import annotations

from pathlib import Path

from tests.rooms.cli.commands import gesso

KEY = "sk-0123456789012345678901234"


def test_a_healthy_installation(tmp_path: Path) -> None:
    gesso(tmp_path, "migrate")
    code, out = gesso(tmp_path, "doctor", GESSO_ADMIN_KEY=KEY)
    assert code == 0
    assert "FAIL " not in out
    assert KEY not in out
    assert "(set)" in out


def test_an_issuer_that_is_not_there(tmp_path: Path) -> None:
    gesso(tmp_path, "migrate")
    code, out = gesso(
        tmp_path, "doctor",
        GESSO_OIDC_ISSUER="http://127.0.0.1:9", GESSO_OIDC_CLIENT_ID="gesso",
        GESSO_OIDC_CLIENT_SECRET="hidden", GESSO_OIDC_PRIVATE="127.0.0.0/8",
    )  # fmt: skip
    assert code == 1
    assert "FAIL  log-in issuer" in out
    assert "hidden" not in out


def test_what_is_wrong_comes_with_a_hint(tmp_path: Path) -> None:
    code, out = gesso(tmp_path, "doctor")
    assert code == 1
    assert "FAIL  schema is current" in out
    assert "run `gesso migrate`" in out
    code, out = gesso(tmp_path, "doctor", GESSO_DATABASE_URL="postgresql://me:hidden@127.0.0.1:9/x")
    assert code == 1
    assert "FAIL  database answers" in out
    assert "hidden" not in out
