"""Build what relays calls, from the settings."""

from __future__ import annotations

from gesso.services.catalogue import Catalogue
from gesso.services.key_ring import KeyRing
from gesso.services.relay import Relayer
from gesso.services.relay_breaker import Breakers
from gesso.services.relay_probe import Prober
from gesso.services.relay_route import Router
from gesso.services.relay_try import Attempts
from gesso.settings import Settings
from gesso.storage.database import Database
from gesso.storage.writer import Writer


def open_relayer(
    settings: Settings, database: Database, writer: Writer, catalogue: Catalogue
) -> Relayer:
    """Return the relayer of this process, with breakers and keys that know nothing yet."""
    breakers = Breakers(threshold=settings.breaker_failures, first_s=settings.breaker_rest_s)
    router = Router(catalogue.providers, breakers)
    attempts = Attempts(router, KeyRing(), most=settings.relay_attempts)
    prober = Prober(database, catalogue, breakers)
    return Relayer(
        database, writer, catalogue, router, attempts, prober, total_s=settings.relay_total_s
    )
