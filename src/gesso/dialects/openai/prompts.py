"""Count the tokens of a prompt, for upstreams that do not tell how many they read.

Texts are counted with a tokenizer. What a model's own form of a chat adds to them nobody
publishes in full: three tokens a message and three for the answer's beginning are what OpenAI's
cookbook documents; the definitions of tools are counted as the JSON that they are. Hence
what is counted here is an estimate.
"""

from __future__ import annotations

import json
from typing import Any

from gesso.dialects.openai.requests import Body
from gesso.domain.relay import Endpoint
from gesso.kit import tokens

#: What a message and the beginning of the answer take beside their texts, and a name in a message.
_MESSAGE, _ANSWER, _NAME = 3, 3, 1
#: Fields with texts by endpoint. Moderations are not here: nobody charges for their tokens.
_TEXTS = {
    Endpoint.CHAT: ("messages",),
    Endpoint.COMPLETIONS: ("prompt", "suffix"),
    Endpoint.RESPONSES: ("instructions", "input"),
    Endpoint.EMBEDDINGS: ("input",),
    Endpoint.SPEECH: ("input", "instructions"),
    Endpoint.IMAGES: ("prompt",),
}
_TALKS = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})
#: Fields that a talk's model gets as JSON.
_FORMS = ("tools", "functions", "response_format", "text")
#: Parts of a message that are no text.
_MEDIA = frozenset(
    {"image_url", "input_image", "input_audio", "file", "input_file", "computer_screenshot"}
)
#: Fields that only bind parts together.
_BONDS = frozenset({"type", "id", "call_id", "tool_call_id", "status"})


def is_counted(endpoint: Endpoint) -> bool:
    """Say whether the prompts of an endpoint can be counted."""
    return endpoint in _TEXTS


def count(endpoint: Endpoint, body: Body) -> int:
    """Return about how many tokens a request's prompt has; slow for long ones."""
    fields = [body.value(name) for name in _TEXTS[endpoint]]
    forms = [body.value(name) for name in _FORMS] if endpoint in _TALKS else []
    total = sum(_count(field, body.model) for field in fields)
    for form in forms:
        if form:
            text = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
            total += tokens.count(text, body.model)
    return total + (_around(fields) if endpoint in _TALKS else 0)


def _count(field: Any, model: str) -> int:
    """Count all texts in a field; numbers are tokens that the caller made."""
    found = 0
    rest = [field]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            found += tokens.count(value, model)
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            if value.get("type") in _MEDIA:
                found += tokens.PICTURE
            else:
                rest += [one for name, one in value.items() if name not in _BONDS]
        elif isinstance(value, int) and not isinstance(value, bool):
            found += 1
    return found


def _around(fields: list[Any]) -> int:
    """Return what a talk takes beside its texts."""
    found = _ANSWER
    for field in fields:
        for message in field if isinstance(field, list) else [field] if field else []:
            named = isinstance(message, dict) and "role" in message and "name" in message
            found += _MESSAGE + (_NAME if named else 0)
    return found
