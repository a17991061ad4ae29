"""Accounts: who pays, and what they can pay with."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError

from gesso.domain import ids
from gesso.domain.actor import Actor
from gesso.domain.caller import Account, ApiKey
from gesso.domain.errors import Conflict, NotFound
from gesso.ledger import journal
from gesso.services import administer, record
from gesso.services.authenticate import Authenticator
from gesso.storage import accounts
from gesso.storage.database import Database
from gesso.storage.paging import Slice
from gesso.storage.writer import Writer


class AccountDesk:
    """Serves operators with accounts."""

    def __init__(self, database: Database, writer: Writer, authenticator: Authenticator) -> None:
        """Hold the rows, the writer of money, and who must forget changed accounts."""
        self._database = database
        self._writer = writer
        self._authenticator = authenticator

    async def page(self, part: Slice) -> tuple[list[Account], str | None]:
        """Return a page of accounts, newest first."""
        async with self._database.reading() as connection:
            return await accounts.find_page(connection, part)

    async def get(self, account_id: str) -> Account:
        """Return an account; raises NotFound."""
        async with self._database.reading() as connection:
            return _one(await accounts.lock(connection, [account_id]), account_id)

    async def create(self, actor: Actor, name: str) -> Account:
        """Create an account with an empty balance."""
        made = await administer.create_account(self._database, name, actor=actor)
        return await self.get(made.id)

    async def change(
        self, actor: Actor, caller: ApiKey, account_id: str, values: dict[str, Any]
    ) -> Account:
        """Set the name or the switch; raises Conflict for switching oneself off."""
        if account_id == caller.account_id and values.get("enabled") is False:
            raise Conflict("this would switch off the key that you are using")
        async with self._database.transaction() as connection:
            before = _one(await accounts.lock(connection, [account_id]), account_id)
            if values:
                await accounts.change(connection, account_id, values)
            after = _one(await accounts.lock(connection, [account_id]), account_id)
            changed = record.difference(record.facts(before), record.facts(after))
            await record.keep(connection, actor, "account.update", account_id, **changed)
        self._authenticator.forget()
        return after

    async def top_up(
        self, actor: Actor, account_id: str, nanos: int, reference: str, note: str
    ) -> Account:
        """Credit money; raises Conflict when the reference was used before."""
        operation = administer.TopUp(account_id, nanos, reference or ids.new_id("pay"), note, actor)
        return await self._move(operation)

    async def adjust(
        self, actor: Actor, account_id: str, nanos: int, reference: str, note: str
    ) -> Account:
        """Correct a balance, up or down, never below zero; `note` says why."""
        operation = administer.Adjust(
            account_id, nanos, reference or ids.new_id("adj"), note, actor
        )
        return await self._move(operation)

    async def _move(self, operation: administer.TopUp | administer.Adjust) -> Account:
        async with self._database.reading() as connection:
            if await journal.is_posted(connection, operation.posting):
                raise Conflict("this reference was used before", param="reference")
        try:
            # The unique reference decides when two ask at the same moment.
            return await self._writer.write(operation)
        except IntegrityError as error:
            raise Conflict("this reference was used before", param="reference") from error


def _one(found: dict[str, Account], account_id: str) -> Account:
    if account_id not in found:
        raise NotFound(f"no such account: {account_id[:60]}")
    return found[account_id]
