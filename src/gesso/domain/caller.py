"""Who asks: accounts, API keys and what a key may do."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from gesso.domain.errors import NotAllowed, NotAuthenticated
from gesso.domain.limits import NO_LIMITS, Limits


class Role(StrEnum):
    """What a key may do beside its own tasks."""

    ADMIN = "admin"  #: Everything, including accounts, keys, users and money.
    OPERATOR = "operator"  #: Runs channels, prices and tasks; no keys, no money, no users.
    VIEWER = "viewer"  #: Reads what administrators read and changes nothing.
    MEMBER = "member"  #: Tasks of its own account.


class Account(NamedTuple):
    """Who pays. Amounts are integer nano-dollars.

    A named tuple: each call makes two, and a frozen dataclass takes four times as long to make.
    """

    id: str
    name: str
    available_nanos: int
    held_nanos: int
    enabled: bool = True
    created_at: datetime | None = None
    limits: Limits = NO_LIMITS
    price_group: str = ""  #: Its multiplier is the price `group@<name>`; empty: prices as listed.

    def moved(self, available_nanos: int, held_nanos: int) -> Account:
        """Return the account with these amounts added. Not `_replace`: it is slow, this is hot."""
        id_, name, free, kept, enabled, since, limits, group = self
        free, kept = free + available_nanos, kept + held_nanos
        return tuple.__new__(Account, (id_, name, free, kept, enabled, since, limits, group))


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in; their keys may do no more than their role."""

    id: str
    account_id: str
    name: str
    role: Role
    has_password: bool = False
    linked: bool = False  #: Whether a person of the OpenID Connect issuer is this user.
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of an account; the key itself is never stored, only its SHA-256."""

    id: str
    account_id: str
    name: str
    hint: str  #: First characters, so that a person can tell keys apart.
    role: Role = Role.MEMBER
    test: bool = False  #: `sk-test-…`: runs on the sandbox and costs nothing.
    account_enabled: bool = True
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    spend_limit_nanos: int | None = None
    spent_nanos: int = 0
    actions: tuple[str, ...] = ()  #: Allowed actions or models; empty allows all.
    networks: tuple[str, ...] = ()  #: Allowed client networks in CIDR form; empty allows all.
    concurrency: int | None = None  #: Most open tasks at once.
    rate_per_minute: int | None = None  #: Most requests per minute; of calls and submits exactly.
    user_id: str | None = None  #: The person whose key it is.
    created_at: datetime | None = None
    overlap_until: datetime | None = None  #: Until when the secret before the last rotation works.
    limits: Limits = NO_LIMITS  #: On relayed calls, beside those above; on money, of tasks too.
    account_limits: Limits = NO_LIMITS  #: The same for all keys of the account together.
    price_group: str = ""  #: Of the account.

    @property
    def call_limits(self) -> Limits:
        """What limits relayed calls of this key."""
        if self.concurrency is None and self.rate_per_minute is None:
            return self.limits
        return replace(
            self.limits,
            concurrency=self.concurrency or self.limits.concurrency,
            requests_per_minute=self.rate_per_minute or self.limits.requests_per_minute,
        )

    def check_usable(self, now: datetime) -> None:
        """Raise NotAuthenticated when the key cannot be used any more."""
        if self.revoked_at is not None:
            raise NotAuthenticated("this key was revoked")
        if self.expires_at is not None and self.expires_at <= now:
            raise NotAuthenticated("this key has expired")
        if not self.account_enabled:
            raise NotAuthenticated("the account of this key is disabled")

    def check_address(self, address: str | None) -> None:
        """Raise NotAllowed when the client's address is outside the key's networks."""
        if not self.networks:
            return
        try:
            client = ipaddress.ip_address(address or "")
        except ValueError:
            raise NotAllowed("this key is limited to certain addresses") from None
        # A socket for both families shows IPv4 clients in this form.
        client = getattr(client, "ipv4_mapped", None) or client
        if not any(client in ipaddress.ip_network(n) for n in self.networks):
            raise NotAllowed(f"this key may not be used from {client}")

    def check_action(self, action: str) -> None:
        """Raise NotAllowed when the key is limited to other actions."""
        if self.actions and action.lower() not in {a.lower() for a in self.actions}:
            raise NotAllowed(f"this key may not {action.lower()}")
