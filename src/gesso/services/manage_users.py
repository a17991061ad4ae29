"""Users: people with a password or an issuer, whose keys may do no more than they may."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain import ids
from gesso.domain.actor import Actor, ActorKind
from gesso.domain.caller import Role, User
from gesso.domain.errors import (
    Conflict,
    InvalidValue,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RateLimited,
)
from gesso.domain.permission import covers
from gesso.kit import clock
from gesso.services import administer, record
from gesso.services.administer import NewKey
from gesso.services.authenticate import Authenticator
from gesso.storage import accounts, keys, users
from gesso.storage.database import Database
from gesso.storage.paging import Slice

#: How long the key of a login works.
LOGIN = timedelta(hours=12)
#: Bounds of a password, in characters; the upper one keeps hashing cheap.
SHORTEST, LONGEST = 10, 200
#: Wrong passwords of one name within the window until it must wait.
_FAILURES, _WINDOW_S, _REMEMBER = 10, 600.0, 10_000
#: Each hash takes 64 MiB and a core; strangers may ask for many.
_HASHERS = 2


class UserDesk:
    """Serves operators with users, and users with logins."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        """Hold the rows and who must forget changed keys."""
        self._database = database
        self._authenticator = authenticator
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHERS)
        self._nobody = ""
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def page(self, part: Slice) -> tuple[list[User], str | None]:
        """Return a page of users, newest first."""
        async with self._database.reading() as connection:
            return await users.find_page(connection, part)

    async def get(self, user_id: str) -> User:
        """Return a user; raises NotFound."""
        async with self._database.reading() as connection:
            return await _known(connection, user_id)

    async def get_by_name(self, name: str) -> User:
        """Return a user by name; raises NotFound."""
        found = await self.find_by_name(name)
        if found is None:
            raise NotFound(f"no such user: {name[:60]}")
        return found

    async def find_by_name(self, name: str) -> User | None:
        """Return a user by name, or None."""
        async with self._database.reading() as connection:
            found = await users.find_by_name(connection, name)
        return None if found is None else found[0]

    async def find_linked(self, subject: str) -> User | None:
        """Return the user that an issuer's person is, or None."""
        async with self._database.reading() as connection:
            return await users.find_by_subject(connection, subject)

    async def link(self, actor: Actor, user_id: str, subject: str) -> User:
        """Say which person of an issuer a user is, once and for all; raises Conflict."""
        async with self._database.transaction() as connection:
            before = await _known(connection, user_id)
            if before.linked:
                raise Conflict("this user is another person of the issuer already")
            await users.change(connection, user_id, {"subject": subject})
            after = {"name": before.name, "subject": subject}
            await record.keep(connection, actor, "user.link", user_id, after=after)
        return replace(before, linked=True)

    async def create(
        self,
        actor: Actor,
        name: str,
        role: Role,
        account_id: str,
        password: str | None,
        *,
        subject: str | None = None,
    ) -> User:
        """Create a user; one with neither password nor issuer's subject cannot log in.

        Raises Conflict or InvalidValue.
        """
        user = User(
            id=ids.new_id("usr"),
            account_id=account_id,
            name=name,
            role=role,
            has_password=password is not None,
            linked=subject is not None,
            created_at=clock.now(),
        )
        hashed = await self._hash(password)
        try:
            async with self._database.transaction() as connection:
                await _check_account(connection, account_id)
                await users.create(connection, user, hashed, subject, clock.now())
                after = record.facts(user)
                await record.keep(connection, actor, "user.create", user.id, after=after)
        except IntegrityError as error:
            raise Conflict(f"the name {name} is taken", param="name") from error
        return user

    async def change(self, actor: Actor, user_id: str, values: dict[str, Any]) -> User:
        """Set role, account or password; keys that may then do too much lose that.

        A new password ends the logins made with the one before.
        """
        stored = dict(values)
        if "password" in stored:
            stored["password_hash"] = await self._hash(stored.pop("password"))
        if "role" in stored:
            stored["role"] = Role(stored["role"]).value
        async with self._database.transaction() as connection:
            before = await _known(connection, user_id)
            if "account_id" in stored:
                await _check_account(connection, stored["account_id"])
            if stored:
                await users.change(connection, user_id, stored)
            after = await _known(connection, user_id)
            await _narrow_keys(connection, after, end_logins="password_hash" in stored)
            changed = record.difference(record.facts(before), record.facts(after))
            changed["after"] |= {"password": "changed"} if "password_hash" in stored else {}
            await record.keep(connection, actor, "user.update", user_id, **changed)
        self._authenticator.forget()
        return after

    async def remove(self, actor: Actor, user_id: str) -> None:
        """Delete a user and revoke their keys; raises Conflict for oneself."""
        if actor.user_id == user_id:
            raise Conflict("this is yourself; let somebody else remove you")
        async with self._database.transaction() as connection:
            before = await _known(connection, user_id)
            for key in await keys.find_of_user(connection, user_id):
                await keys.revoke(connection, key.id, clock.now())
            await users.remove(connection, user_id)
            await record.keep(
                connection, actor, "user.remove", user_id, before=record.facts(before)
            )
        self._authenticator.forget()

    async def login(self, name: str, password: str, address: str) -> NewKey:
        """Return a key of the user for some hours; raises NotAuthenticated or RateLimited.

        A wrong name takes as long as a wrong password, and neither is told from the other.
        """
        self._check_pace(name)
        async with self._database.reading() as connection:
            found = await users.find_by_name(connection, name)
        user, hashed = found if found is not None else (None, None)
        if not await self._verify(hashed, password) or user is None:
            self._count_failure(name)
            raise NotAuthenticated("name or password is wrong")
        self._failures.pop(name, None)
        return await self.enter(user, address)

    async def enter(self, user: User, address: str) -> NewKey:
        """Return a key for a user who has shown who they are; raises NotAllowed."""
        async with self._database.reading() as connection:
            account = (await accounts.lock(connection, [user.account_id])).get(user.account_id)
        if account is None or not account.enabled:
            raise NotAllowed("the account of this user is disabled")
        return await administer.create_key(
            self._database,
            user.account_id,
            f"login of {user.name}",
            role=user.role,
            user_id=user.id,
            expires_at=clock.now() + LOGIN,
            actor=Actor(ActorKind.USER, user.id, user.id, address),
        )

    async def _hash(self, password: str | None) -> str | None:
        if password is None:
            return None
        if not SHORTEST <= len(password) <= LONGEST:
            raise InvalidValue(
                f"a password has {SHORTEST} to {LONGEST} characters", param="password"
            )
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _verify(self, hashed: str | None, password: str) -> bool:
        async with self._hashing:
            if not self._nobody:
                self._nobody = await asyncio.to_thread(self._hasher.hash, ids.new_id("nobody"))
            try:
                return await asyncio.to_thread(
                    self._hasher.verify, hashed or self._nobody, password[: LONGEST + 1]
                )
            except (Argon2Error, InvalidHashError):
                return False

    def _check_pace(self, name: str) -> None:
        count, since = self._failures.get(name, (0, 0.0))
        left_s = since + _WINDOW_S - time.monotonic()
        if count >= _FAILURES and left_s > 0:
            raise RateLimited(
                "too many wrong passwords; wait before the next try",
                facts={"retry_after_s": round(left_s, 1)},
            )

    def _count_failure(self, name: str) -> None:
        now = time.monotonic()
        count, since = self._failures.pop(name, (0, now))
        self._failures[name] = (count + 1, since) if now - since < _WINDOW_S else (1, now)
        if len(self._failures) > _REMEMBER:
            self._failures.popitem(last=False)


async def _known(connection: AsyncConnection, user_id: str) -> User:
    user = await users.find(connection, user_id)
    if user is None:
        raise NotFound(f"no such user: {user_id[:60]}")
    return user


async def _check_account(connection: AsyncConnection, account_id: str) -> None:
    if not await accounts.lock(connection, [account_id]):
        raise InvalidValue(f"no such account: {account_id[:60]}", param="account")


async def _narrow_keys(connection: AsyncConnection, user: User, *, end_logins: bool) -> None:
    """Take from a user's keys what the user may not do any more."""
    for key in await keys.find_of_user(connection, user.id):
        if end_logins and key.name == f"login of {user.name}":
            await keys.revoke(connection, key.id, clock.now())
        elif not covers(user.role, key.role):
            await keys.lower(connection, key.id, user.role)
