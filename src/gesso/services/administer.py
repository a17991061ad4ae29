"""What operators do first: accounts, keys, money, channels. The `manage_…` files do the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from gesso.domain import ids
from gesso.domain.actor import CLI, SETUP, Actor
from gesso.domain.caller import Account, ApiKey, Role
from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidValue
from gesso.domain.limits import NO_LIMITS, Limits
from gesso.domain.model import SANDBOX
from gesso.kit import clock
from gesso.ledger import book
from gesso.ledger.money import LARGEST, read_dollars, write_dollars
from gesso.services import record, seal
from gesso.settings import Settings
from gesso.storage import accounts, channels, keys
from gesso.storage.audit import Record
from gesso.storage.database import Database
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
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
    actor: Actor = CLI

    @property
    def needs(self) -> Needs:
        """The account."""
        return Needs(accounts=(self.account_id,))

    @property
    def posting(self) -> str:
        """The reference of the posting, which is unique in the books."""
        return f"top-up/{self.reference}"

    def apply(self, unit: Unit) -> Account:
        """Credit the account and return it."""
        _check_room(unit, self.account_id, self.nanos)
        unit.record(_money_record("account.top_up", self))
        book.top_up(unit, self.account_id, self.nanos, reference=self.posting, note=self.note)
        return unit.accounts[self.account_id]


@dataclass(frozen=True, slots=True)
class Adjust:
    """The transaction of a correction by hand."""

    account_id: str
    nanos: int
    reference: str
    note: str
    actor: Actor = CLI

    @property
    def needs(self) -> Needs:
        """The account."""
        return Needs(accounts=(self.account_id,))

    @property
    def posting(self) -> str:
        """The reference of the posting, which is unique in the books."""
        return f"adjust/{self.reference}"

    def apply(self, unit: Unit) -> Account:
        """Correct the balance and return the account."""
        _check_room(unit, self.account_id, self.nanos)
        unit.record(_money_record("account.adjust", self))
        book.adjust(unit, self.account_id, self.nanos, reference=self.posting, note=self.note)
        return unit.accounts[self.account_id]


def _check_room(unit: Unit, account_id: str, nanos: int) -> None:
    account = unit.accounts.get(account_id)
    if account is not None and account.available_nanos + nanos > LARGEST:
        raise InvalidValue(f"a balance may be ${write_dollars(LARGEST)} at most", param="amount")


def _money_record(action: str, money: TopUp | Adjust) -> Record:
    moved = {
        "nanos": money.nanos,
        "usd": write_dollars(money.nanos),
        "reference": money.reference,
        "note": money.note,
    }
    return Record(money.actor, action, money.account_id, after=moved)


async def create_account(database: Database, name: str, *, actor: Actor = CLI) -> Account:
    """Create an account with an empty balance."""
    account = Account(ids.new_id("acc"), name, 0, 0)
    async with database.transaction() as connection:
        await accounts.create(connection, account, clock.now())
        after = record.facts(account)
        await record.keep(connection, actor, "account.create", account.id, after=after)
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
    limits: Limits = NO_LIMITS,
    user_id: str | None = None,
    actor: Actor = CLI,
) -> NewKey:
    """Create a key of an account; raises InvalidValue when there is no such account."""
    secret, now = secret or keys.draw(test=test), clock.now()
    key = ApiKey(
        id=ids.new_id("key"),
        account_id=account_id,
        name=name,
        hint=hint_of(secret),
        role=role,
        test=test or secret.startswith("sk-test-"),
        expires_at=expires_at,
        spend_limit_nanos=spend_limit_nanos,
        actions=tuple(actions),
        networks=tuple(networks),
        concurrency=concurrency,
        rate_per_minute=rate_per_minute,
        limits=limits,
        user_id=user_id,
        created_at=now,
    )
    async with database.transaction() as connection:
        if account_id not in await accounts.lock(connection, [account_id]):
            raise InvalidValue(f"no such account: {account_id}", param="account")
        await keys.create(connection, key, secret, now)
        await record.keep(connection, actor, "key.create", key.id, after=record.facts(key))
    return NewKey(key, secret)


def hint_of(secret: str) -> str:
    """Return the ends of a key, by which a person can tell it from others."""
    return secret[: 11 if secret.startswith("sk-test-") else 7] + "…" + secret[-4:]


async def revoke_key(database: Database, key_id: str, *, actor: Actor = CLI) -> bool:
    """Switch a key off for good; False when there is no such key that still worked."""
    async with database.transaction() as connection:
        revoked = await keys.revoke(connection, key_id, clock.now())
        if revoked:
            await record.keep(connection, actor, "key.revoke", key_id)
    return revoked


async def list_keys(database: Database) -> list[ApiKey]:
    """Return every key, without its secret."""
    async with database.reading() as connection:
        return await keys.find_all(connection)


async def list_accounts(database: Database) -> list[Account]:
    """Return every account with its balance."""
    async with database.reading() as connection:
        return await accounts.find_all(connection)


async def create_channel(database: Database, channel: Channel, *, actor: Actor = CLI) -> Channel:
    """Store a channel; an empty id draws one."""
    now = clock.now()
    channel = replace(channel, id=channel.id or ids.new_id("ch"), created_at=now)
    async with database.transaction() as connection:
        await channels.create(connection, seal.sealed(database.vault, channel), now)
        after = record.facts(channel)
        await record.keep(connection, actor, "channel.create", channel.id, after=after)
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
            await record.keep(connection, SETUP, "account.create", FIRST_ACCOUNT)
            await record.keep(connection, SETUP, "channel.create", FIRST_CHANNEL)
    except IntegrityError:
        return None  # Another process is setting up the same database right now.
    free = read_dollars(settings.free_balance)
    if free > 0:
        note = "for trying out (GESSO_FREE_BALANCE)"
        await writer.write(TopUp(FIRST_ACCOUNT, free, "first", note, SETUP))
    new = await create_key(
        database,
        FIRST_ACCOUNT,
        "first admin key",
        secret=settings.admin_key or None,
        role=Role.ADMIN,
        actor=SETUP,
    )
    return None if settings.admin_key else new.secret
