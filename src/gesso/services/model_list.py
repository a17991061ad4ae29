"""Which models there are and what they cost, for lists that callers read."""

from __future__ import annotations

from typing import Any

from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAllowed
from gesso.domain.model import PAINTERS, SANDBOX, is_kin
from gesso.domain.relay import Endpoint
from gesso.domain.task import Action
from gesso.ledger.model_prices import GROUP, PREFIX, UNITS, list_tariffs
from gesso.ledger.money import write_dollars
from gesso.services.catalogue import Catalogue
from gesso.services.relay import Relayer


class ModelList:
    """Lists models for callers."""

    def __init__(self, catalogue: Catalogue, relayer: Relayer) -> None:
        """Hold what is configured and who relays."""
        self._catalogue = catalogue
        self._relayer = relayer

    def of(self, key: ApiKey) -> list[tuple[str, str]]:
        """Return the models that a key may use with their owners, by name."""
        relayed = self._relayer.models(key)
        found = {name: "gesso" if p == SANDBOX else p for name, p in relayed.items()}
        channels = self._catalogue.channels
        if any(c.enabled and self._catalogue.can(c, Action.IMAGINE) for c in channels):
            found |= {name: "gesso" for name in PAINTERS if name not in found}
        return sorted((name, owner) for name, owner in found.items() if _may(key, name))

    def find(self, key: ApiKey, model: str) -> str | None:
        """Return the owner of a model that a key may use; None when there is no such model.

        Beside what is listed, these are the models that a channel has by a pattern, and the
        pictures that a painter stands in for.
        """
        listed = dict(self.of(key))
        if model in listed or not _may(key, model):
            return listed.get(model)
        paints = any(name in listed for name in PAINTERS)
        if paints and is_kin(model):
            return "gesso"
        by_pattern = not key.test and any(self._relayer.names(one, model) for one in Endpoint)
        return "gesso" if by_pattern else None

    def prices(self) -> dict[str, Any]:
        """Return the whole price list in US dollars, as text, so that nothing is rounded."""
        prices = self._catalogue.prices
        models = {
            name: {unit: write_dollars(nanos) for unit, nanos in units.items()}
            for name, units in list_tariffs(prices).items()
        }
        tasks = {
            k: write_dollars(v)
            for k, v in sorted(prices.items())
            if not k.startswith((PREFIX, GROUP))
        }
        per = {unit: f"{amount:,}" for unit, amount in UNITS.items()}
        return {"currency": "USD", "per": per, "models": models, "tasks": tasks}


def _may(key: ApiKey, name: str) -> bool:
    try:
        key.check_action(name)
    except NotAllowed:
        return False
    return True
