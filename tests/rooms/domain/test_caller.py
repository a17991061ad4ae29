"""What a key may do, checked without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAllowed, NotAuthenticated

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ApiKey("key", "acc", "k", "sk-…")


def test_a_key_ends_at_its_moment() -> None:
    replace(KEY, expires_at=NOW + timedelta(microseconds=1)).check_usable(NOW)
    for changed in (
        replace(KEY, expires_at=NOW),
        replace(KEY, revoked_at=NOW + timedelta(days=1)),
        replace(KEY, account_enabled=False),
    ):
        with pytest.raises(NotAuthenticated):
            changed.check_usable(NOW)


def test_networks() -> None:
    KEY.check_address(None)
    bound = replace(KEY, networks=("192.0.2.7/32", "2001:db8::/32"))
    bound.check_address("192.0.2.7")
    bound.check_address("::ffff:192.0.2.7")
    bound.check_address("2001:db8::1")
    for address in ("192.0.2.8", "::ffff:192.0.2.8", "2001:db9::1", "", None, "example.com"):
        with pytest.raises(NotAllowed):
            bound.check_address(address)


def test_actions_are_compared_without_case() -> None:
    KEY.check_action("anything")
    bound = replace(KEY, actions=("Imagine", "blend"))
    bound.check_action("imagine")
    bound.check_action("BLEND")
    with pytest.raises(NotAllowed):
        bound.check_action("imagine2")
