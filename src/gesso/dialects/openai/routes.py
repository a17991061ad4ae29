"""The paths of the OpenAI wire."""

from __future__ import annotations

import time

import msgspec
from starlette.routing import BaseRoute, Route

from gesso.dialects.openai import wire
from gesso.dialects.openai.audio import Audio
from gesso.dialects.openai.chat import ChatPainter
from gesso.dialects.openai.door import Bounds, Door, Handler, Visit
from gesso.dialects.openai.images import Images, Studio
from gesso.dialects.openai.relays import Relays
from gesso.domain.errors import UnknownModel
from gesso.domain.relay import Endpoint
from gesso.http.auth import Doorkeeper
from gesso.services.look_up import Finder
from gesso.services.model_list import ModelList

_STORED = "/v1/responses/{response_id}"


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

    def routes(self) -> list[BaseRoute]:
        """Return every path."""
        relays = self._relays
        posts: dict[Endpoint, Handler] = {
            Endpoint.CHAT: relays.of(Endpoint.CHAT, self._painter.take),
            Endpoint.IMAGES: self._images.generate,
            Endpoint.IMAGE_EDITS: self._images.form(Endpoint.IMAGE_EDITS),
            Endpoint.IMAGE_VARIATIONS: self._images.form(Endpoint.IMAGE_VARIATIONS),
            Endpoint.TRANSCRIPTIONS: self._audio.of(Endpoint.TRANSCRIPTIONS),
            Endpoint.TRANSLATIONS: self._audio.of(Endpoint.TRANSLATIONS),
        }
        return [
            *(
                self._route(f"/v1/{endpoint}", posts.get(endpoint) or relays.of(endpoint), "POST")
                for endpoint in Endpoint
            ),
            self._route(_STORED, relays.stored, "GET", "DELETE"),
            self._route(_STORED + "/{rest:path}", relays.stored, "GET", "POST"),
            self._route("/v1/models", self.list_models, "GET"),
            self._route("/v1/models/{model:path}", self.show_model, "GET"),
            self._route("/v1/calls/{call_id}", relays.receipt, "GET"),
            self._route("/pricing.json", self.prices, "GET"),
        ]

    async def list_models(self, visit: Visit) -> None:
        """GET /v1/models: what the caller's key may use."""
        key = await visit.admit()
        await visit.answer(200, wire.write_models(self._models.of(key), self._since))

    async def show_model(self, visit: Visit) -> None:
        """GET /v1/models/{model}."""
        key = await visit.admit()
        wanted = visit.request.path_params["model"]
        owner = dict(self._models.of(key)).get(wanted)
        if owner is None:
            raise UnknownModel(f"The model '{wanted[:100]}' does not exist", param="model")
        await visit.answer(200, msgspec.json.encode(wire.model(wanted, owner, self._since)))

    async def prices(self, visit: Visit) -> None:
        """GET /pricing.json: the price list; for anybody where the operator allows it."""
        if not self._bounds.public_prices:
            await visit.admit()
        await visit.answer(200, msgspec.json.encode(self._models.prices()))

    def _route(self, path: str, handler: Handler, *methods: str) -> Route:
        return Route(path, self._door.open(handler), methods=list(methods))
