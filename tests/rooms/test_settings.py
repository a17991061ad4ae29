"""Settings: every mistake is named, files work, nothing unknown is taken."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gesso import settings as room
from gesso.domain.errors import BadSettings
from gesso.settings import Settings


def test_words_become_values() -> None:
    read = room.read(
        {"GESSO_PORT": "9", "GESSO_LOG_JSON": "Yes", "GESSO_DATA_DIR": "/x", "PATH": "/bin"},
        sandbox_paint_s=0.5,
        host=None,
    )
    assert (read.port, read.log_json, read.data_dir) == (9, True, Path("/x"))
    assert (read.sandbox_paint_s, read.host) == (0.5, "127.0.0.1")


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-0123456789012345678901234\n")
    assert room.read({"GESSO_ADMIN_KEY_FILE": str(secret)}).admin_key.endswith("34")
    with pytest.raises(BadSettings, match="GESSO_ADMIN_KEY_FILE: cannot read"):
        room.read({"GESSO_ADMIN_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GESSO_NOTHING", "1"), ("GESSO_NOTHING_FILE", "/x"), ("GESSO_PORT", "0"),
        ("GESSO_PORT", "65536"), ("GESSO_PORT", "-1"), ("GESSO_HEARTBEAT_S", "nan"),
        ("GESSO_HEARTBEAT_S", "-1"), ("GESSO_LOG_JSON", "perhaps"), ("GESSO_ADMIN_KEY", "sk-1"),
        ("GESSO_DATABASE_URL", "mysql://x"), ("GESSO_PUBLIC_URL", "ftp://x"),
        ("GESSO_MAX_LIST", "1e3"),
    ],
)  # fmt: skip
def test_mistakes_are_named(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name):
        room.read({name: value})


@pytest.mark.parametrize(
    ("host", "public"),
    [("127.0.0.1", False), ("::1", False), ("[::1]", False), ("localhost", False),
     ("0.0.0.0", True), ("::", True), ("", True), ("192.0.2.1", True), ("example.com", True)],
)  # fmt: skip
def test_what_other_machines_can_reach(host: str, public: bool) -> None:
    assert room.read({}, host=host).listens_publicly() is public


def test_every_setting_says_what_it_means() -> None:
    for one in fields(Settings):
        assert len(one.metadata["meaning"]) > 15, one.name


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID"),
        ({"OIDC_ISSUER": "http://login.example.com"}, "https://"),
        ({"OIDC_ISSUER": "https://"}, "https://"),
        ({"OIDC_ISSUER": "https://login.example.com?x=1"}, "without a query"),
        ({"OIDC_ROLE_CLAIM": "groups"}, "need each other"),
        ({"OIDC_ROLES": "a=admin"}, "need each other"),
        ({"OIDC_ROLE_CLAIM": "groups", "OIDC_ROLES": "a=king"}, "OIDC_ROLES"),
        ({"OIDC_SCOPES": "email"}, "openid"),
        ({"OIDC_CREATE": "king"}, "OIDC_CREATE"),
    ],
    ids=str,
)
def test_an_issuer_that_cannot_work_is_told_at_the_start(
    wrong: dict[str, str], reason: str
) -> None:
    good = {"OIDC_ISSUER": "https://login.example.com/x", "OIDC_CLIENT_ID": "gesso"}
    environ = {f"GESSO_{name}": value for name, value in good.items()}
    assert room.read(environ).oidc_issuer == good["OIDC_ISSUER"]
    with pytest.raises(BadSettings, match=reason):
        room.read(environ | {f"GESSO_{name}": value for name, value in wrong.items()})


def test_roles_by_what_the_issuer_calls_them() -> None:
    environ = {"GESSO_OIDC_ROLES": "cn=boss,staff = member , cn=x=viewer"}
    with pytest.raises(BadSettings):
        _ = room.read(environ).oidc_role_names
    environ = {"GESSO_OIDC_ROLES": "cn=boss=admin,staff = member ,"}
    assert room.read(environ).oidc_role_names == {"cn=boss": "admin", "staff": "member"}
