"""Handlers of the catalogue: `/v1/models` and the input schema of each (section 13)."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import shapes, wire
from gesso.dialects.apimart.hall import Hall, answer_json
from gesso.dialects.apimart.images import image_models
from gesso.dialects.apimart.submits import Services, Submits
from gesso.domain.errors import InvalidOrder, UnknownModel
from gesso.domain.task import Action

#: The wire's models have one date; ours follow it, for clients that insist on a number.
_CREATED = 1626777600
_IMAGES = "/v1/images/generations"
_FAMILY = "midjourney"


class Models:
    """Answers which models there are and what they take."""

    def __init__(self, hall: Hall, services: Services, submits: Submits) -> None:
        """Hold what all handlers share, the catalogue and the bodies of the submits."""
        self._hall = hall
        self._catalogue = services.catalogue
        self._table = submits.table

    async def listed(self, request: Request) -> Response:
        """GET /v1/models: by `category`, with `expand=category` and `expand=parameters`."""
        await self._hall.admit(request)
        wanted = request.query_params.get("category", "").strip().lower()
        expand = {p.strip() for p in request.query_params.get("expand", "").split(",")}
        data = [self._entry(name, expand) for name in image_models(self._catalogue)]
        found = data if wanted in {"", "image"} else []
        return answer_json(wire.write(shapes.ImageModelList("list", True, found)))

    async def shown(self, request: Request) -> Response:
        """GET /v1/models/{id}."""
        await self._hall.admit(request)
        name = self._known(request.path_params["model"])
        return answer_json(wire.write(self._entry(name, {"category", "parameters"})))

    async def schema(self, request: Request) -> Response:
        """GET /v1/models/{id}/schema, and /v1/model-schema?model=&operation=."""
        await self._hall.admit(request)
        named = request.path_params.get("model") or request.query_params.get("model", "")
        name = self._known(named)
        operation = request.query_params.get("operation", "images").strip().replace("-", "_")
        if operation not in self._table:
            known = ", ".join(self._table)
            raise InvalidOrder(f"operation must be one of {known}", param="operation")
        takes = self._parameters(operation)
        found = shapes.ModelSchema(
            object="model.input_schema",
            model=name,
            operation=takes.operation,
            endpoint=takes.endpoint,
            input_schema=takes.input_schema,
            idempotency={"header": "Idempotency-Key", "ttl_seconds": 86400},
            response_contract={"header": None, "version": None},
            schema_version=1,
            source="gesso",
        )
        return answer_json(wire.write(found))

    def _known(self, name: str) -> str:
        wanted = name.strip().lower()
        if wanted not in image_models(self._catalogue):
            raise UnknownModel(f"no channel serves the model {wanted[:60]}", param="model")
        return wanted

    def _entry(self, name: str, expand: set[str]) -> shapes.ImageModelEntry:
        kinds = ["image-generation"] + (["midjourney"] if name == _FAMILY else [])
        entry = shapes.ImageModelEntry(name, "model", _CREATED, "gesso", kinds)
        if "category" in expand:
            entry.category, entry.capability_tags = "image", self._abilities()
        if "parameters" in expand:
            entry.parameters = self._parameters("images")
        return entry

    def _abilities(self) -> list[str]:
        """Return what the enabled channels can do, as their providers declare it."""
        channels = [c for c in self._catalogue.channels if c.enabled]
        able = {a for a in Action for c in channels if self._catalogue.can(c, a)}
        return sorted(action.value.lower() for action in able)

    def _parameters(self, operation: str) -> shapes.ModelParameters:
        path = _IMAGES if operation == "images" else f"/v1/midjourney/generations/{operation}"
        return shapes.ModelParameters(
            operation=operation,
            endpoint=shapes.ModelPath("POST", path.replace("_", "-")),
            input_schema=msgspec.json.schema(self._table[operation][0]),
        )
