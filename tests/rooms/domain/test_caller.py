"""What a key may do, checked without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gesso.domain.caller import Account, ApiKey
from gesso.domain.errors import NotAllowed, NotAuthenticated
from gesso.domain.limits import Limits

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


def test_a_moved_account_differs_in_its_balances_alone() -> None:
    account = Account("acc", "n", 100, 20, False, NOW, Limits(5), "gold")
    moved = account.moved(-30, 7)
    assert type(moved) is Account
    assert moved == account._replace(available_nanos=70, held_nanos=27)
