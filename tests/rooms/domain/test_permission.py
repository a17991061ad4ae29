"""Roles: each may what the one below may."""

from __future__ import annotations

import itertools

import pytest

from gesso.domain.caller import ApiKey, Role
from gesso.domain.errors import NotAllowed
from gesso.domain.permission import MAY, Permission, check, covers

MONEY = {Permission.MONEY, Permission.ACCOUNTS, Permission.KEYS, Permission.USERS}


def test_every_role_is_in_the_table_and_stands_above_the_next() -> None:
    assert set(MAY) == set(Role)
    ladder = [Role.ADMIN, Role.OPERATOR, Role.VIEWER, Role.MEMBER]
    for higher, lower in itertools.pairwise(ladder):
        assert covers(higher, lower)
        assert not covers(lower, higher)


def test_operators_touch_no_money_and_viewers_nothing() -> None:
    assert not MAY[Role.OPERATOR] & MONEY
    assert MAY[Role.VIEWER] == {Permission.READ}
    with pytest.raises(NotAllowed):
        check(ApiKey("k", "a", "n", "h", Role.MEMBER), Permission.READ)
