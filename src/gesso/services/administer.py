"""What operators do: accounts, keys, money, channels, prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from gesso.domain import ids
from gesso.domain.caller import Account, ApiKey, Role
from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder
from gesso.kit import clock
from gesso.ledger import book
from gesso.ledger.money import read_dollars
from gesso.services.submit import SANDBOX
from gesso.settings import Settings
from gesso.storage import accounts, channels, keys
from gesso.storage.database import Database
from gesso.storage.unit import Needs, Unit
from gesso.storage.writer import Writer

FIRST_ACCOUNT = "acc_first"
FIRST_CHANNEL = "ch_sandbox"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its secret, which is shown this one time."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class TopUp:
    """The transaction of a top-up; the same reference credits only once."""

    account_id: str
    nanos: int
    reference: str
    note: str = ""

    @property
    def needs(self) -> Needs:
        """The account."""
        return Needs(accounts=(self.account_id,))

    def apply(self, unit: Unit) -> Account:
        """Credit the account and return it."""
        reference = f"top-up/{self.reference}"
        book.top_up(unit, self.account_id, self.nanos, reference=reference, note=self.note)
        return unit.accounts[self.account_id]


@dataclass(frozen=True, slots=True)
class Adjust:
    """The transaction of a correction by hand."""

    account_id: str
    nanos: int
    reference: str
    note: str

    @property
    def needs(self) -> Needs:
        """The account."""
        return Needs(accounts=(self.account_id,))

    def apply(self, unit: Unit) -> Account:
        """Correct the balance and return the account."""
        reference = f"adjust/{self.reference}"
        book.adjust(unit, self.account_id, self.nanos, reference=reference, note=self.note)
        return unit.accounts[self.account_id]


async def create_account(database: Database, name: str) -> Account:
    """Create an account with an empty balance."""
    account = Account(ids.new_id("acc"), name, 0, 0)
    async with database.transaction() as connection:
        await accounts.create(connection, account, clock.now())
    return account


async def create_key(
    database: Database,
    account_id: str,
    name: str,
    *,
    secret: str | None = None,
    role: Role = Role.MEMBER,
    test: bool = False,
    expires_at: datetime | None = None,
    spend_limit_nanos: int | None = None,
    actions: Sequence[str] = (),
    networks: Sequence[str] = (),
    concurrency: int | None = None,
    rate_per_minute: int | None = None,
) -> NewKey:
    """Create a key of an account; raises InvalidOrder when there is no such account."""
    secret = secret or keys.draw(test=test)
    key = ApiKey(
        id=ids.new_id("key"),
        account_id=account_id,
        name=name,
        hint=secret[: 11 if test else 7] + "…" + secret[-4:],
        role=role,
        test=test or secret.startswith("sk-test-"),
        expires_at=expires_at,
        spend_limit_nanos=spend_limit_nanos,
        actions=tuple(actions),
        networks=tuple(networks),
        concurrency=concurrency,
        rate_per_minute=rate_per_minute,
    )
    async with database.transaction() as connection:
        if account_id not in await accounts.lock(connection, [account_id]):
            raise InvalidOrder(f"no such account: {account_id}", param="account")
        await keys.create(connection, key, secret, clock.now())
    return NewKey(key, secret)


async def revoke_key(database: Database, key_id: str) -> bool:
    """Switch a key off for good; False when there is no such key."""
    async with database.transaction() as connection:
        return await keys.revoke(connection, key_id, clock.now())


async def list_keys(database: Database) -> list[ApiKey]:
    """Return every key, without its secret."""
    async with database.reading() as connection:
        return await keys.find_all(connection)


async def list_accounts(database: Database) -> list[Account]:
    """Return every account with its balance."""
    async with database.reading() as connection:
        return await accounts.find_all(connection)


async def create_channel(database: Database, channel: Channel) -> Channel:
    """Store a channel; an empty id draws one."""
    channel = channel if channel.id else replace(channel, id=ids.new_id("ch"))
    async with database.transaction() as connection:
        await channels.create(connection, channel, clock.now())
    return channel


async def has_keys(database: Database) -> bool:
    """Say whether this installation was set up already."""
    async with database.reading() as connection:
        return await keys.count(connection) > 0


async def set_up_first(database: Database, writer: Writer, settings: Settings) -> str | None:
    """Make the first account, channel and admin key; returns the key's secret if it was drawn.

    Does nothing on an installation that has keys. When the operator named the key in the
    settings, it works from the first start on and nothing is printed.
    """
    if await has_keys(database):
        return None
    now = clock.now()
    try:
        async with database.transaction() as connection:
            await accounts.create(connection, Account(FIRST_ACCOUNT, "first", 0, 0), now)
            sandbox = Channel(
                FIRST_CHANNEL,
                "sandbox",
                SANDBOX,
                core_size=3,
                queue_size=1000,
                remark="the embedded painter",
            )
            await channels.create(connection, sandbox, now)
    except IntegrityError:
        return None  # Another process is setting up the same database right now.
    free = read_dollars(settings.free_balance)
    if free > 0:
        note = "for trying out (GESSO_FREE_BALANCE)"
        await writer.write(TopUp(FIRST_ACCOUNT, free, "first", note))
    new = await create_key(
        database,
        FIRST_ACCOUNT,
        "first admin key",
        secret=settings.admin_key or None,
        role=Role.ADMIN,
    )
    return None if settings.admin_key else new.secret
