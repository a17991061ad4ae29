"""The paths of the OpenAI wire."""

from __future__ import annotations

import time

import msgspec
from starlette.routing import BaseRoute

from gesso.dialects.openai import endpoints, wire
from gesso.dialects.openai.audio import Audio
from gesso.dialects.openai.chat import ChatPainter
from gesso.dialects.openai.door import Bounds, Door, Handler, Visit
from gesso.dialects.openai.endpoints import Endpoint
from gesso.dialects.openai.images import Images, Studio
from gesso.dialects.openai.relays import Relays
from gesso.dialects.openai.strays import WireRoute
from gesso.domain.errors import UnknownModel
from gesso.domain.relay import Endpoint as Relayed
from gesso.http.auth import Doorkeeper
from gesso.http.openapi import Operation
from gesso.services.look_up import Finder
from gesso.services.model_list import ModelList


class OpenAIRoutes:
    """The site map of this wire, and the handlers that list models and prices."""

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        models: ModelList,
        studio: Studio,
        finder: Finder,
        bounds: Bounds,
    ) -> None:
        """Take who lets callers in, the services and the limits."""
        self._door = Door(doorkeeper)
        self._bounds = bounds
        self._models = models
        self._relays = Relays(studio.relayer, bounds)
        self._images = Images(self._relays, studio, bounds)
        self._audio = Audio(self._relays, bounds)
        self._painter = ChatPainter(studio, finder, bounds)
        self._since = int(time.time())

    def table(self) -> list[tuple[Endpoint, Handler]]:
        """Return everything that this wire can do, as it is described, with who serves it."""
        relays = self._relays
        own: dict[Relayed, Handler] = {
            Relayed.CHAT: relays.of(Relayed.CHAT, self._painter.take),
            Relayed.IMAGES: self._images.generate,
            Relayed.IMAGE_EDITS: self._images.form(Relayed.IMAGE_EDITS),
            Relayed.IMAGE_VARIATIONS: self._images.form(Relayed.IMAGE_VARIATIONS),
            Relayed.TRANSCRIPTIONS: self._audio.of(Relayed.TRANSCRIPTIONS),
            Relayed.TRANSLATIONS: self._audio.of(Relayed.TRANSLATIONS),
        }
        posts = {one: own.get(one) or relays.of(one) for one in Relayed}
        public = self._bounds.public_prices
        return [
            *endpoints.relayed_table(posts),
            *endpoints.stored_table(relays.stored),
            *endpoints.book_table(
                self.list_models, self.show_model, relays.receipt, self.prices,
                public_prices=public,
            ),
        ]  # fmt: skip

    def operations(self) -> list[Operation]:
        """Return how every route is documented."""
        return [one.operation for one, _ in self.table()]

    def routes(self) -> list[BaseRoute]:
        """Return every path."""
        return [
            WireRoute(one.path, self._door.open(handler), methods=[one.method])
            for one, handler in self.table()
        ]

    async def list_models(self, visit: Visit) -> None:
        """GET /v1/models: what the caller's key may use."""
        key = await visit.admit()
        await visit.answer(200, wire.write_models(self._models.of(key), self._since))

    async def show_model(self, visit: Visit) -> None:
        """GET /v1/models/{model}."""
        key = await visit.admit()
        wanted = visit.request.path_params["model"]
        owner = self._models.find(key, wanted)
        if owner is None:
            raise UnknownModel(f"The model '{wanted[:100]}' does not exist", param="model")
        await visit.answer(200, msgspec.json.encode(wire.model(wanted, owner, self._since)))

    async def prices(self, visit: Visit) -> None:
        """GET /pricing.json: the price list; for anybody where the operator allows it."""
        if not self._bounds.public_prices:
            await visit.admit()
        await visit.answer(200, msgspec.json.encode(self._models.prices()))
