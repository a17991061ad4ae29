"""Keys: made, limited, rotated with an overlap, revoked; and what signs their callbacks."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gesso.domain import ids
from gesso.domain.actor import Actor
from gesso.domain.caller import ApiKey, Role
from gesso.domain.errors import Conflict, InvalidValue, NotFound
from gesso.domain.permission import covers
from gesso.kit import clock, signing
from gesso.services import administer, record
from gesso.services.administer import NewKey
from gesso.services.authenticate import Authenticator
from gesso.storage import accounts, keys, signing_secrets, users
from gesso.storage.database import Database
from gesso.storage.paging import Slice
from gesso.storage.signing_secrets import SigningSecret

__all__ = ["KeyDesk", "NewKey", "SigningSecret"]


class KeyDesk:
    """Serves operators with keys and signing secrets."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        """Hold the rows and who must forget changed keys."""
        self._database = database
        self._authenticator = authenticator

    async def page(self, where: dict[str, str], part: Slice) -> tuple[list[ApiKey], str | None]:
        """Return a page of keys with these values of columns, newest first."""
        async with self._database.reading() as connection:
            return await keys.find_page(connection, where, part)

    async def get(self, key_id: str) -> ApiKey:
        """Return a key; raises NotFound."""
        async with self._database.reading() as connection:
            return _known(await keys.lock(connection, key_id), key_id)

    async def create(
        self, actor: Actor, account_id: str, name: str, values: dict[str, Any]
    ) -> NewKey:
        """Create a key; its secret is in the answer and nowhere else."""
        _check_networks(values.get("networks", ()))
        await self._check_user(values.get("user_id"), values.get("role", Role.MEMBER))
        return await administer.create_key(self._database, account_id, name, actor=actor, **values)

    async def change(self, actor: Actor, key_id: str, values: dict[str, Any]) -> ApiKey:
        """Set limits, lists, name, role or owner."""
        _check_networks(values.get("networks", ()))
        async with self._database.transaction() as connection:
            before = _known(await keys.lock(connection, key_id), key_id)
            after = replace(before, **values)
            if {"role", "user_id"} & set(values):
                await self._check_user(after.user_id, after.role)
            await keys.change(connection, after)
            changed = record.difference(record.facts(before), record.facts(after))
            await record.keep(connection, actor, "key.update", key_id, **changed)
        self._authenticator.forget()
        return after

    async def revoke(self, actor: Actor, caller: ApiKey, key_id: str) -> ApiKey:
        """Switch a key off for good; a second time changes nothing."""
        if key_id == caller.id:
            raise Conflict("this is the key that you are using; revoke it with another one")
        await self.get(key_id)
        await administer.revoke_key(self._database, key_id, actor=actor)
        self._authenticator.forget()
        return await self.get(key_id)

    async def leave(self, actor: Actor, caller: ApiKey) -> None:
        """Revoke the very key that is used: the end of a login."""
        await administer.revoke_key(self._database, caller.id, actor=actor)
        self._authenticator.forget()

    async def rotate(self, actor: Actor, key_id: str, overlap: timedelta) -> NewKey:
        """Give a key a new secret; the one before works on during the overlap.

        Limits, spending and tasks stay with the key. Raises Conflict for a revoked key.
        """
        until = clock.now() + overlap
        async with self._database.transaction() as connection:
            key = _known(await keys.lock(connection, key_id), key_id)
            if key.revoked_at is not None:
                raise Conflict("this key was revoked")
            secret = keys.draw(test=key.test)
            hint = administer.hint_of(secret)
            await keys.rotate(connection, key_id, secret, hint, until)
            after = {"hint": hint, "overlap_until": until.isoformat()}
            before = {"hint": key.hint}
            await record.keep(connection, actor, "key.rotate", key_id, before=before, after=after)
        self._authenticator.forget()
        return NewKey(await self.get(key_id), secret)

    # Signing secrets of a key or an account ----------------------------------------------

    async def secrets_of(self, owner_id: str) -> list[SigningSecret]:
        """Return the secrets that sign now, the newest first."""
        async with self._database.reading() as connection:
            found = await signing_secrets.find_valid(connection, [owner_id], clock.now())
        return found.get(owner_id, [])

    async def rotate_signing(
        self, actor: Actor, owner_id: str, overlap: timedelta
    ) -> SigningSecret:
        """Draw a secret that signs from now on; those before sign on during the overlap."""
        now = clock.now()
        made = SigningSecret(ids.new_id("whk"), owner_id, signing.new_secret(), now)
        async with self._database.transaction() as connection:
            is_key = await keys.lock(connection, owner_id) is not None
            if not is_key and not await accounts.lock(connection, [owner_id]):
                raise NotFound(f"no such key or account: {owner_id[:60]}")
            await signing_secrets.retire(connection, owner_id, now + overlap, now)
            await signing_secrets.create(connection, made)
            after = {"secret_id": made.id, "overlap_s": int(overlap.total_seconds())}
            await record.keep(connection, actor, "signing_secret.rotate", owner_id, after=after)
        return made

    async def remove_signing(self, actor: Actor, owner_id: str) -> None:
        """Remove an owner's secrets: the account's or the installation's sign again."""
        async with self._database.transaction() as connection:
            await signing_secrets.remove_all(connection, owner_id)
            await record.keep(connection, actor, "signing_secret.remove", owner_id)

    async def _check_user(self, user_id: str | None, role: Role) -> None:
        if user_id is None:
            return
        async with self._database.reading() as connection:
            user = await users.find(connection, user_id)
        if user is None:
            raise InvalidValue(f"no such user: {user_id[:60]}", param="user")
        if not covers(user.role, role):
            raise InvalidValue(f"a key of a {user.role} cannot be {role}", param="role")


def _known(key: ApiKey | None, key_id: str) -> ApiKey:
    if key is None:
        raise NotFound(f"no such key: {key_id[:60]}")
    return key


def _check_networks(networks: tuple[str, ...]) -> None:
    for one in networks:
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            raise InvalidValue(str(error)[:200], param="networks") from error
