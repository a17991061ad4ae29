"""Somebody with a key, an account and orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gesso.app import House
from gesso.domain.attempt import Attempt
from gesso.domain.caller import Account, ApiKey
from gesso.domain.order import Accepted, Order, Repeatable
from gesso.domain.task import Action, Task
from gesso.ledger import audit
from gesso.services import administer
from gesso.services.administer import FIRST_ACCOUNT
from gesso.services.inquire import Inquirer
from gesso.services.moderate import Moderator, Policy
from gesso.services.submit import Submitter
from gesso.services.translate import Language, Translator
from gesso.storage import attempts, ledger_entries


def order(prompt: str = "a boat", **fields: Any) -> Order:
    values: dict[str, Any] = {
        "action": Action.IMAGINE,
        "price_action": "imagine",
        "dialect": "midjourney",
        "description": f"/imagine {prompt}",
        "prompt": prompt,
        "final_prompt": prompt,
        "details": {"seed": 1},
    }
    return Order(**(values | fields))


def inquirer(house: House) -> Inquirer:
    """Return who asks the models of a house."""
    return Inquirer(house.catalogue, house.relayer.router, house.relayer.attempts)


def no_translator(house: House) -> Translator:
    """Return a translator that leaves prompts as they are."""
    return Translator(inquirer(house), Language())


def no_moderator(house: House) -> Moderator:
    """Return a moderator that asks nobody."""
    return Moderator(inquirer(house), Policy(), house.blobs)


class Customer:
    """Submits to a house and looks into its books."""

    def __init__(self, house: House, key: ApiKey, secret: str) -> None:
        self.house = house
        self.key = key
        self.secret = secret
        self.submitter = Submitter(
            house.writer,
            house.catalogue,
            no_translator(house),
            no_moderator(house),
            keep=timedelta(days=1),
        )

    @classmethod
    async def of(cls, house: House, account_id: str = FIRST_ACCOUNT, **limits: Any) -> Customer:
        made = await administer.create_key(house.database, account_id, "test", **limits)
        return cls(house, made.key, made.secret)

    async def with_limits(self, **limits: Any) -> Customer:
        """The same account with another key."""
        return await Customer.of(self.house, self.key.account_id, **limits)

    async def submit(self, wish: Order | None = None, repeat: Repeatable | None = None) -> Accepted:
        return await self.submitter.submit(self.key, wish or order(), repeat)

    async def stored(self, task: Task) -> Task:
        found = await self.house.reader.find(task.id)
        assert found is not None
        return found

    async def attempt(self, task: Task) -> Attempt | None:
        async with self.house.database.reading() as connection:
            return (await attempts.find_last(connection, [task.id])).get(task.id)

    async def account(self) -> Account:
        accounts = await administer.list_accounts(self.house.database)
        return next(a for a in accounts if a.id == self.key.account_id)

    async def spent(self) -> int:
        keys = await administer.list_keys(self.house.database)
        return next(k.spent_nanos for k in keys if k.id == self.key.id)

    async def postings(self, task: Task) -> list[str]:
        """The verbs of a task's ledger entries; the books are proven on the way."""
        async with self.house.database.snapshot() as connection:
            assert (await audit.check(connection)).findings == ()
            rows = await ledger_entries.find_of_task(connection, task.id)
        return [row["verb"] for row in rows]
