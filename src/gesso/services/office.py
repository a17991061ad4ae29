"""The office: every desk that serves operators, behind one door."""

from __future__ import annotations

from dataclasses import dataclass

from gesso.services.authenticate import Authenticator
from gesso.services.browse import BookDesk, TaskDesk, TrailDesk
from gesso.services.catalogue import Catalogue
from gesso.services.channel_record import ChannelRecord
from gesso.services.deliver import Sender
from gesso.services.issuer import Issuer
from gesso.services.manage_accounts import AccountDesk
from gesso.services.manage_catalogue import PriceDesk, WordDesk
from gesso.services.manage_channels import ChannelDesk
from gesso.services.manage_deliveries import DeliveryDesk
from gesso.services.manage_keys import KeyDesk
from gesso.services.manage_users import UserDesk
from gesso.services.oidc_login import OidcDesk, read_terms
from gesso.services.relay import Relayer
from gesso.services.simulate import Simulator
from gesso.settings import Settings
from gesso.storage.database import Database
from gesso.storage.reader import Reader
from gesso.storage.writer import Writer


@dataclass(frozen=True, slots=True)
class Office:
    """The desks."""

    accounts: AccountDesk
    keys: KeyDesk
    users: UserDesk
    channels: ChannelDesk
    prices: PriceDesk
    words: WordDesk
    tasks: TaskDesk
    books: BookDesk
    deliveries: DeliveryDesk
    trail: TrailDesk
    records: ChannelRecord
    simulator: Simulator
    oidc: OidcDesk | None  #: None where no issuer is configured.
    settings: Settings


def open_office(
    *,
    database: Database,
    reader: Reader,
    writer: Writer,
    catalogue: Catalogue,
    relayer: Relayer,
    authenticator: Authenticator,
    sender: Sender,
    issuer: Issuer | None,
    settings: Settings,
) -> Office:
    """Build every desk."""
    users = UserDesk(database, authenticator)
    return Office(
        accounts=AccountDesk(database, writer, authenticator),
        keys=KeyDesk(database, authenticator),
        users=users,
        channels=ChannelDesk(database, catalogue, relayer),
        prices=PriceDesk(database, catalogue),
        words=WordDesk(database, catalogue),
        tasks=TaskDesk(database, reader, writer),
        books=BookDesk(database),
        deliveries=DeliveryDesk(database, sender, settings.callback_timeout_s),
        trail=TrailDesk(database),
        records=ChannelRecord(database),
        simulator=Simulator(database, catalogue),
        oidc=OidcDesk(issuer, users, database.vault, read_terms(settings)) if issuer else None,
        settings=settings,
    )
