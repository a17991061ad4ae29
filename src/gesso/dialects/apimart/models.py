"""Handlers of the catalogue: `/v1/models` and the input schema of each (section 13)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import wire
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
        return answer_json(wire.write({"object": "list", "success": True, "data": found}))

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
        fields = {
            "object": "model.input_schema",
            "model": name,
            **self._parameters(operation),
            "idempotency": {"header": "Idempotency-Key", "ttl_seconds": 86400},
            "response_contract": {"header": None, "version": None},
            "schema_version": 1,
            "source": "gesso",
        }
        return answer_json(wire.write(fields))

    def _known(self, name: str) -> str:
        wanted = name.strip().lower()
        if wanted not in image_models(self._catalogue):
            raise UnknownModel(f"no channel serves the model {wanted[:60]}", param="model")
        return wanted

    def _entry(self, name: str, expand: set[str]) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": name,
            "object": "model",
            "created": _CREATED,
            "owned_by": "gesso",
            "supported_endpoint_types": ["image-generation"],
        }
        if name == _FAMILY:
            entry["supported_endpoint_types"].append("midjourney")
        if "category" in expand:
            entry |= {"category": "image", "capability_tags": self._abilities()}
        if "parameters" in expand:
            entry["parameters"] = self._parameters("images")
        return entry

    def _abilities(self) -> list[str]:
        """Return what the enabled channels can do, as their providers declare it."""
        channels = [c for c in self._catalogue.channels if c.enabled]
        able = {a for a in Action for c in channels if self._catalogue.can(c, a)}
        return sorted(action.value.lower() for action in able)

    def _parameters(self, operation: str) -> dict[str, Any]:
        path = _IMAGES if operation == "images" else f"/v1/midjourney/generations/{operation}"
        return {
            "operation": operation,
            "endpoint": {"method": "POST", "path": path.replace("_", "-")},
            "input_schema": msgspec.json.schema(self._table[operation][0]),
        }
