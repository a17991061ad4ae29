"""Log in by an OpenID Connect issuer: whose person is which user, and what they may do here.

A log-in is begun with a sealed ticket that the browser keeps and brings back with the issuer's
answer. So nothing is stored here, any process of an installation can end what another began, and
an answer of the issuer is worth nothing in another browser.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog

from gesso.domain.actor import ISSUER
from gesso.domain.caller import Role, User
from gesso.domain.errors import NotAllowed, NotAuthenticated, RateLimited
from gesso.domain.permission import MAY
from gesso.kit import clock
from gesso.kit.vault import Unreadable, Vault, is_sealed
from gesso.services.administer import NewKey
from gesso.services.issuer import Issuer, Proof
from gesso.services.manage_users import UserDesk
from gesso.settings import Settings

log = structlog.get_logger()

#: How long people may take at the issuer.
PATIENCE = timedelta(minutes=10)
#: Most log-ins that are checked with the issuer at once; strangers may begin many.
_AT_ONCE = 16
_REMEMBER = 10_000
_MAX_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
_MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may log in by the issuer, and as what."""

    name: str  #: What people know the issuer as.
    name_claim: str
    role_claim: str  #: Empty: roles are ours to give.
    roles: Mapping[str, Role]  #: By the values of that claim.
    newcomer: Role | None  #: Of people who are not users; None refuses them.
    account_id: str  #: Of newcomers.


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in on its way."""

    url: str  #: Where the browser goes.
    ticket: str  #: What it brings back.


class _Ticket(msgspec.Struct, tag="oidc-login"):
    """What is sealed: the tag keeps other sealed texts from being tickets."""

    state: str
    nonce: str
    verifier: str
    at: datetime


def read_terms(settings: Settings) -> Terms:
    """Return what the settings say."""
    create = settings.oidc_create
    return Terms(
        name=settings.oidc_name or urlsplit(settings.oidc_issuer).netloc,
        name_claim=settings.oidc_name_claim,
        role_claim=settings.oidc_role_claim,
        roles={theirs: Role(ours) for theirs, ours in settings.oidc_role_names.items()},
        newcomer=Role(create) if create else None,
        account_id=settings.oidc_account,
    )


class OidcDesk:
    """Lets people in whom the issuer vouches for."""

    def __init__(self, issuer: Issuer, users: UserDesk, vault: Vault, terms: Terms) -> None:
        """Hold who vouches, who the users are, what seals tickets, and the terms."""
        self._issuer = issuer
        self._users = users
        self._vault = vault
        self._terms = terms
        self._checking = asyncio.Semaphore(_AT_ONCE)
        self._spent: OrderedDict[str, None] = OrderedDict()

    @property
    def name(self) -> str:
        """What people know the issuer as."""
        return self._terms.name

    async def begin(self) -> Begun:
        """Begin a log-in; raises IssuerUnavailable."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = await self._issuer.address(Proof(state, nonce, verifier))
        ticket = _Ticket(state, nonce, verifier, clock.now())
        return Begun(url, self._vault.seal(msgspec.json.encode(ticket).decode()))

    async def finish(self, ticket: str, code: str, state: str, address: str) -> NewKey:
        """Return a key like that of a log-in by password.

        Raises NotAuthenticated, NotAllowed, IssuerUnavailable or RateLimited.
        """
        proof = self._redeem_ticket(ticket, state)
        if self._checking.locked():
            raise RateLimited("too many log-ins at once", facts={"retry_after_s": 1.0})
        async with self._checking:
            claims = await self._issuer.redeem(code, proof, self._is_enough)
        user = await self._admit(claims)
        return await self._users.enter(user, address)

    def _is_enough(self, claims: Mapping[str, Any]) -> bool:
        """Say whether the claims hold all that the terms ask for."""
        terms = self._terms
        verified = "email_verified" if terms.name_claim == "email" else ""
        wanted = (terms.name_claim, verified, terms.role_claim)
        return all(_find_claim(claims, one) is not None for one in wanted if one)

    def _redeem_ticket(self, sealed: str, state: str) -> Proof:
        """Open a ticket, once: raises NotAuthenticated for one that does not fit."""
        try:
            known = sealed.isascii() and is_sealed(sealed)
            text = self._vault.open(sealed) if known else ""
            ticket = msgspec.json.decode(text, type=_Ticket)
        except (Unreadable, msgspec.DecodeError) as error:
            raise NotAuthenticated("this log-in was not begun here; begin again") from error
        if not hmac.compare_digest(ticket.state.encode(), state.encode()):
            raise NotAuthenticated("this answer belongs to another log-in; begin again")
        if clock.now() - ticket.at > PATIENCE:
            raise NotAuthenticated("this log-in took too long; begin again")
        if ticket.state in self._spent:
            raise NotAuthenticated("this log-in was ended already; begin again")
        self._spent[ticket.state] = None
        if len(self._spent) > _REMEMBER:
            self._spent.popitem(last=False)
        return Proof(ticket.state, ticket.nonce, ticket.verifier)

    async def _admit(self, claims: Mapping[str, Any]) -> User:
        """Return the user that somebody is, linked, created and in their role as needed."""
        subject = claims["sub"]
        if len(subject) > _MAX_SUBJECT or not subject.isprintable():
            raise NotAllowed("the issuer's subject cannot be kept")
        # Another issuer's person of the same subject is somebody else.
        subject = f"{claims['iss']} {subject}"
        role = self._role_of(claims)
        user = await self._users.find_linked(subject)
        if user is None:
            user = await self._meet(claims, subject, role)
        if self._terms.role_claim and role is not None and role is not user.role:
            user = await self._users.change(ISSUER, user.id, {"role": role})
        return user

    async def _meet(self, claims: Mapping[str, Any], subject: str, role: Role | None) -> User:
        """Link somebody who comes the first time to the user of their name, or create one."""
        name = self._name_of(claims)
        known = await self._users.find_by_name(name)
        if known is not None:
            return await self._users.link(ISSUER, known.id, subject)
        if self._terms.newcomer is None or role is None:
            log.info("issuer_stranger", name=name)
            raise NotAllowed(f"{name} is not a user of this gateway; ask an administrator")
        account_id = self._terms.account_id
        return await self._users.create(ISSUER, name, role, account_id, None, subject=subject)

    def _name_of(self, claims: Mapping[str, Any]) -> str:
        claim = self._terms.name_claim
        name = claims.get(claim)
        if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME or not name.isprintable():
            raise NotAllowed(f"the issuer tells no {claim} of you, which names users here")
        if claim == "email" and claims.get("email_verified") is not True:
            # Else whoever may type an address there would be somebody else here.
            raise NotAllowed("your e-mail address is not verified by the issuer")
        return name

    def _role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the role that the claims give, or that of newcomers; raises NotAllowed."""
        if not self._terms.role_claim:
            return self._terms.newcomer
        given = _find_claim(claims, self._terms.role_claim)
        values = given if isinstance(given, list) else [given]
        known = self._terms.roles
        roles = [known[one] for one in values if isinstance(one, str) and one in known]
        if roles:
            return max(roles, key=lambda role: len(MAY[role]))
        if self._terms.newcomer is None:
            raise NotAllowed("the issuer gives you no role of this gateway")
        return self._terms.newcomer


def _find_claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name, which may hold dots, or by a path of names."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
