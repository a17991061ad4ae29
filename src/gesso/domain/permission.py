"""Who may do what: the one table from a role to its permissions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gesso.domain.caller import ApiKey, Role
from gesso.domain.errors import NotAllowed


class Permission(StrEnum):
    """What an administrative act needs."""

    READ = "read"  #: See everything that is not secret.
    TASKS = "tasks"  #: Cancel tasks of any account.
    CHANNELS = "channels"  #: Create, change, pause and delete channels.
    PRICES = "prices"  #: Change the price list.
    WORDS = "words"  #: Change the banned words.
    DELIVERIES = "deliveries"  #: Send callbacks again, and test events.
    ACCOUNTS = "accounts"  #: Create, switch on and off accounts.
    MONEY = "money"  #: Top up and adjust balances.
    KEYS = "keys"  #: Create, change, rotate and revoke keys and signing secrets.
    USERS = "users"  #: Create, change and remove users.


_P = Permission

MAY: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.OPERATOR: frozenset({_P.READ, _P.TASKS, _P.CHANNELS, _P.PRICES, _P.WORDS, _P.DELIVERIES}),
    Role.VIEWER: frozenset({_P.READ}),
    Role.MEMBER: frozenset(),
}


def check(key: ApiKey, permission: Permission) -> None:
    """Raise NotAllowed when the key's role does not hold the permission."""
    if permission not in MAY[key.role]:
        raise NotAllowed(f"a key with the role {key.role} may not do this ({permission})")


def covers(one: Role, other: Role) -> bool:
    """Say whether a role may do all that another may."""
    return MAY[other] <= MAY[one]
