"""What is shown of the settings."""

from __future__ import annotations

from dataclasses import fields

from gesso import settings as room
from gesso.services import show_settings


def test_what_is_shown_holds_no_secret() -> None:
    settings = room.read(
        {
            "GESSO_ADMIN_KEY": "sk-very-secret-very-secret",
            "GESSO_NOTIFY_HOOK": "https://me:word@example.com:444/hook?token=word#word",
            "GESSO_PORT": "81",
        }
    )
    shown = {one.name: one for one in show_settings.shown(settings)}
    assert len(shown) == len(fields(settings))
    assert shown["GESSO_NOTIFY_HOOK"].value == "https://example.com:444/hook?…"
    assert (shown["GESSO_PORT"].value, shown["GESSO_PORT"].default) == ("81", "8080")
    admin = shown["GESSO_ADMIN_KEY"]
    assert (admin.secret, admin.is_set, admin.value) == (True, True, "")
    assert not shown["GESSO_HOST"].is_set
    assert "word" not in "".join(one.value for one in shown.values())
