"""Build a value that fits a JSON schema: for tools and for structured output. Pure."""

from __future__ import annotations

from typing import Any

#: How deep a schema is followed; deeper parts become null.
_DEEPEST = 12
_MOST_ITEMS = 8


def sample(schema: Any, text: str) -> Any:
    """Return a value that fits a JSON schema; its free texts are `text`."""
    return _Sampler(schema, text).of(schema, 0)


class _Sampler:
    def __init__(self, root: Any, text: str) -> None:
        self._root = root
        self._text = text

    def of(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return None
        for fixed in ("const", "default"):
            if fixed in schema:
                return schema[fixed]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return schema["enum"][0]
        if isinstance(schema.get("$ref"), str):
            return self.of(self._follow(schema["$ref"]), depth + 1)
        for word in ("anyOf", "oneOf", "allOf"):
            if isinstance(schema.get(word), list) and schema[word]:
                return self.of(schema[word][0], depth + 1)
        return self._by_type(schema, depth)

    def _by_type(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = kind[0] if kind else None
        if kind == "object" or "properties" in schema:
            properties = schema.get("properties")
            pairs = properties.items() if isinstance(properties, dict) else ()
            return {str(name): self.of(one, depth + 1) for name, one in pairs}
        if kind == "array":
            least = schema.get("minItems")
            count = min(least, _MOST_ITEMS) if isinstance(least, int) else 1
            return [self.of(schema.get("items"), depth + 1) for _ in range(max(count, 0))]
        if kind in ("integer", "number"):
            return _number(schema.get("minimum"), schema.get("maximum"))
        if kind == "string":
            most = schema.get("maxLength")
            return self._text[:most] if isinstance(most, int) and most >= 0 else self._text
        return {"boolean": True}.get(str(kind))

    def _follow(self, link: str) -> Any:
        """Return what a link inside the schema leads to; only such links are followed."""
        found = self._root
        for name in link.removeprefix("#").strip("/").split("/"):
            if name:
                found = found.get(name) if isinstance(found, dict) else None
        return found


def _number(least: Any, most: Any) -> int | float:
    """Return the number nearest to zero within the bounds that are there."""
    number: int | float = 0
    if isinstance(least, int | float) and least > number:
        number = least
    if isinstance(most, int | float) and most < number:
        number = most
    return number
