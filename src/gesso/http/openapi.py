"""OpenAPI from a list of route descriptions: what is documented is what is routed.

A dialect keeps one table of `Operation`s, makes its routes from it and hands the same table
to `describe`. Schemas come from the msgspec types that decode and encode the bodies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gesso.http.faults import MEANING

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_BEARER = "key"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as it is documented. `path` is Starlette's; converters are left out."""

    method: str
    path: str
    tag: str
    summary: str
    answer: Any = None  #: msgspec type of the answer, or several; None for one without a body.
    body: Any = None  #: msgspec type of the request body.
    query: type[msgspec.Struct] | None = None
    status: int = 200
    permission: str = ""  #: What the key's role must hold; empty for any key.
    public: bool = False  #: Works without a key.
    media: tuple[str, ...] = ("application/json",)  #: First the JSON, then what else it offers.
    errors: tuple[int, ...] = ()  #: Statuses of refusals beside those that every route has.
    refusals: tuple[int, ...] | None = None  #: All statuses of refusals, instead of the usual.
    error: Any = None  #: msgspec type of refusals where a wire has its own.
    example: Any = None  #: A request body that works.
    description: str = ""

    @property
    def name(self) -> str:
        """Return a name for generated clients, such as `get_keys_by_key_id`."""
        plain = _PARAMETER.sub(r"by_\1", self.path).replace("/admin/api/v1", "")
        return "_".join([self.method.lower(), *re.findall(r"[A-Za-z0-9]+", plain)])


def describe(
    operations: Sequence[Operation], *, title: str, version: str, error: Any, server: str = ""
) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document; `error` is the type of the error envelope."""
    types = [t for o in operations for t in (*_several(o.answer), o.body, o.error) if t is not None]
    queries = [o.query for o in operations if o.query is not None]
    _, components = msgspec.json.schema_components([*types, *queries, error], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        shown = _PARAMETER.sub(r"{\1}", one.path)
        paths.setdefault(shown, {})[one.method.lower()] = _operation(one, components, error)
    for query in queries:
        # Queries are shown as parameters; as schemas of their own they would only confuse.
        components.pop(query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server or "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in operations)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {_BEARER: {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Operation, components: Mapping[str, Any], error: Any) -> dict[str, Any]:
    about = [one.description] if one.description else []
    if one.permission:
        about.append(f"Needs the permission `{one.permission}`.")
    found: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "parameters": [*_in_path(one), *_in_query(one, components)],
        "responses": _responses(one, error),
        "security": [] if one.public else [{_BEARER: []}],
    }
    if about:
        found["description"] = " ".join(about)
    if one.body is not None:
        shown: dict[str, Any] = {"schema": _schema(one.body)}
        if one.example is not None:
            shown["example"] = one.example
        found["requestBody"] = {"required": True, "content": {"application/json": shown}}
    return found


def _several(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _schema(kind: Any) -> dict[str, Any]:
    if isinstance(kind, tuple):
        return {"anyOf": [_schema(one) for one in kind]}
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _in_path(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(one.path)
    ]


def _in_query(one: Operation, components: Mapping[str, Any]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = components[one.query.__name__]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": shape}
        for name, shape in schema["properties"].items()
    ]


def _responses(one: Operation, error: Any) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if one.answer is not None:
        content["application/json"] = {"schema": _schema(one.answer)}
        text = {"schema": {"type": "string"}}
        content |= {media: text for media in one.media if media != "application/json"}
    done: dict[str, Any] = {"description": "Done."}
    if content:
        done["content"] = content
    refused = {400, 429, *one.errors} | (set() if one.public else {401, 403})
    refused |= {413, 422} if one.body is not None else set()
    refused |= {404} if _PARAMETER.search(one.path) else set()
    if one.refusals is not None:
        refused = set(one.refusals)
    body = {"application/json": {"schema": _schema(one.error or error)}}
    return {str(one.status): done} | {
        str(status): {"description": MEANING[status], "content": body} for status in sorted(refused)
    }
