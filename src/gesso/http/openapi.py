"""OpenAPI from a list of route descriptions: what is documented is what is routed.

A dialect keeps one table of `Operation`s, makes its routes from it and hands the same table
to `describe`. Schemas come from the msgspec types that decode and encode the bodies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from gesso.http.faults import MEANING

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_BEARER = "key"

#: A file of a form.
File = Annotated[str, msgspec.Meta(extra_json_schema={"format": "binary"})]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as it is documented. `path` is Starlette's; converters are left out."""

    method: str
    path: str
    tag: str
    summary: str
    answer: Any = None  #: msgspec type of the answer, or several; None for one without a body.
    body: Any = None  #: msgspec type of the request body, or several.
    form: Any = None  #: msgspec type of the fields of a multipart body; files are `File`.
    query: type[msgspec.Struct] | None = None
    status: int = 200
    permission: str = ""  #: What the key's role must hold; empty for any key.
    public: bool = False  #: Works without a key.
    media: tuple[str, ...] = ("application/json",)  #: What it offers beside the JSON of `answer`.
    errors: tuple[int, ...] = ()  #: Statuses of refusals beside those that every route has.
    refusals: tuple[int, ...] | None = None  #: All statuses of refusals, instead of the usual.
    error: Any = None  #: msgspec type of refusals where a wire has its own, or several.
    example: Any = None  #: A request body that works.
    description: str = ""
    wire: str = ""  #: Whose operation it is; a description is grouped by it.

    @property
    def name(self) -> str:
        """Return a name for generated clients, such as `get_keys_by_key_id`."""
        plain = _PARAMETER.sub(r"by_\1", self.path).replace("/admin/api/v1", "")
        return "_".join([self.method.lower(), *re.findall(r"[A-Za-z0-9]+", plain)])


def describe(
    operations: Sequence[Operation], *, title: str, version: str, error: Any, server: str = ""
) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document; `error` is the type of the error envelope."""
    schemas = _Schemas(operations, error)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(shown_path(one.path), {})[one.method.lower()] = _operation(one, schemas)
    components = dict(schemas.components)
    for one in operations:
        # Queries are shown as parameters; as schemas of their own they would only confuse.
        if one.query is not None:
            components.pop(schemas.name(one.query), None)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server or "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in operations)],
        "x-tagGroups": _groups(operations),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {_BEARER: {"type": "http", "scheme": "bearer"}},
        },
    }


def shown_path(path: str) -> str:
    """Return a path of Starlette as OpenAPI writes it, without converters."""
    return _PARAMETER.sub(r"{\1}", path)


def _groups(operations: Sequence[Operation]) -> list[dict[str, Any]]:
    """Return the tags of each wire, in the form that viewers of descriptions know."""
    tags: dict[str, dict[str, None]] = {}
    for one in operations:
        tags.setdefault(one.wire, {})[one.tag] = None
    return [{"name": wire, "tags": list(found)} for wire, found in tags.items()]


class _Schemas:
    """The schemas of all types of a document, made together so that their names agree."""

    def __init__(self, operations: Sequence[Operation], error: Any) -> None:
        self.error = error
        self._kinds = list(_kinds(operations, error))  # Kept: they are found by their ids.
        made, self.components = msgspec.json.schema_components(self._kinds, ref_template=_REF)
        self._found = {id(kind): one for kind, one in zip(self._kinds, made, strict=True)}

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type, or of any one of several."""
        if isinstance(kind, tuple):
            return {"anyOf": [self._found[id(one)] for one in kind]}
        return self._found[id(kind)]

    def name(self, kind: Any) -> str:
        """Return under which name a struct is described."""
        return str(self._found[id(kind)]["$ref"]).rpartition("/")[2]


def _kinds(operations: Sequence[Operation], error: Any) -> Iterator[Any]:
    for one in operations:
        for kind in (one.answer, one.body, one.form, one.error, one.query):
            yield from (k for k in _several(kind) if k is not None)
    yield from _several(error)


def _operation(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    about = [one.description] if one.description else []
    if one.permission:
        about.append(f"Needs the permission `{one.permission}`.")
    found: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "parameters": [*_in_path(one), *_in_query(one, schemas)],
        "responses": _responses(one, schemas),
        "security": [] if one.public else [{_BEARER: []}],
    }
    if about:
        found["description"] = " ".join(about)
    content = _request(one, schemas)
    if content:
        found["requestBody"] = {"required": True, "content": content}
    return found


def _request(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media, kind in (("application/json", one.body), ("multipart/form-data", one.form)):
        if kind is not None:
            content[media] = {"schema": schemas.of(kind)}
    if one.body is not None and one.example is not None:
        content["application/json"]["example"] = one.example
    return content


def _several(kind: Any) -> tuple[Any, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def _in_path(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(one.path)
    ]


def _in_query(one: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = schemas.components[schemas.name(one.query)]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": shape}
        for name, shape in schema["properties"].items()
    ]


def _responses(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if one.answer is not None:
        content["application/json"] = {"schema": schemas.of(one.answer)}
    for media in (m for m in one.media if m != "application/json"):
        # What an event holds has no place in a schema of this version.
        text = {} if media == "text/event-stream" else {"schema": {"type": "string"}}
        content[media] = text
    done: dict[str, Any] = {"description": "Done."}
    if content:
        done["content"] = content
    refused = {400, 429, *one.errors} | (set() if one.public else {401, 403})
    refused |= {413, 422} if one.body is not None else set()
    refused |= {404} if _PARAMETER.search(one.path) else set()
    if one.refusals is not None:
        refused = set(one.refusals)
    body = {"application/json": {"schema": schemas.of(one.error or schemas.error)}}
    return {str(one.status): done} | {
        str(status): {"description": MEANING[status], "content": body} for status in sorted(refused)
    }
