"""Read what a gateway must know of a request, and write it for an upstream. Pure.

Only the top level of the JSON is taken apart; every value stays the bytes that the caller
sent, so that nothing is lost or changed on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gesso.domain import model as models
from gesso.domain.call import Usage
from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder
from gesso.domain.relay import Ask, Endpoint
from gesso.kit import tokens

_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MAXIMA = ("max_completion_tokens", "max_tokens", "max_output_tokens")
#: The most tokens and answers that one request may ask for.
_MOST_TOKENS, _MOST_ANSWERS = 10_000_000, 128
_WITH_USAGE = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})
_WITH_OUTPUT = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES})


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON request, its top level taken apart."""

    raw: bytes
    fields: Mapping[str, msgspec.Raw]
    model: str
    stream: bool
    asks_usage: bool  #: Whether the caller wants the usage in the stream.

    def value(self, name: str) -> Any:
        """Return a field as Python has it; None when it is not there."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            raise InvalidOrder(f"{name} cannot be read", param=name) from None


def with_model(raw: bytes, name: str) -> bytes:
    """Name the model that an endpoint has when a request names none."""
    try:
        fields = _top.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return raw  # `read_body` says what is wrong with it
    return raw if "model" in fields else msgspec.json.encode({**fields, "model": name})


def read_body(raw: bytes) -> Body:
    """Take a request apart; raises InvalidOrder for what is no JSON object with a model."""
    try:
        fields = _top.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise InvalidOrder(
            "We could not parse the JSON body of your request: it must be a JSON object."
        ) from None
    body = Body(raw, fields, "", False, False)
    stream = body.value("stream")
    if not isinstance(stream, bool | None):
        raise InvalidOrder("stream must be true or false", param="stream")
    options = body.value("stream_options") or {}
    if not isinstance(options, dict):
        raise InvalidOrder("stream_options must be an object", param="stream_options")
    asks = options.get("include_usage") is True
    return Body(raw, fields, models.check_name(body.value("model")), bool(stream), asks)


def check(endpoint: Endpoint, body: Body, *, most_messages: int) -> None:
    """Raise InvalidOrder for what no upstream could serve."""
    needed = {
        Endpoint.CHAT: "messages",
        Endpoint.EMBEDDINGS: "input",
        Endpoint.MODERATIONS: "input",
        Endpoint.SPEECH: "input",
        Endpoint.IMAGES: "prompt",
    }.get(endpoint)
    if needed and needed not in body.fields:
        raise InvalidOrder(f"Missing required parameter: '{needed}'.", param=needed)
    if endpoint is not Endpoint.CHAT:
        return
    try:
        messages = msgspec.json.decode(body.fields["messages"], type=list[msgspec.Raw])
    except msgspec.MsgspecError:
        raise InvalidOrder("messages must be a list", param="messages") from None
    if not messages:
        raise InvalidOrder("messages must not be empty", param="messages")
    if len(messages) > most_messages:
        raise InvalidOrder(f"at most {most_messages} messages", param="messages")


def foresee(endpoint: Endpoint, body: Body, *, output_tokens: int) -> Usage:
    """Return the most that a request will use, as far as it can be told."""
    if endpoint is Endpoint.SPEECH:
        text = body.value("input")
        if not isinstance(text, str):
            raise InvalidOrder("input must be a text", param="input")
        return Usage(tokens.guess(body.raw), characters=len(text))
    answers = _number(body, "n", _MOST_ANSWERS) or 1
    if endpoint is Endpoint.IMAGES:
        return Usage(tokens.guess(body.raw), output_tokens=0, pictures=answers)
    most = 0
    if endpoint in _WITH_OUTPUT:
        named = [_number(body, name, _MOST_TOKENS) for name in _MAXIMA]
        most = max((n for n in named if n), default=output_tokens) * answers
    return Usage(tokens.guess(body.raw), output_tokens=most)


def hides_usage(endpoint: Endpoint, body: Body) -> bool:
    """Say whether the usage in the stream is asked for by us alone."""
    return body.stream and endpoint in _WITH_USAGE and not body.asks_usage


def write(endpoint: Endpoint, body: Body, channel: Channel) -> Ask:
    """Return the request for a channel; as it came, if nothing needs to be changed."""
    name = models.upstream_name(channel, body.model)
    changed: dict[str, Any] = {}
    if name != body.model:
        changed["model"] = name
    if hides_usage(endpoint, body) and not channel.options.get("no_stream_usage"):
        options = body.value("stream_options") or {}
        changed["stream_options"] = {**options, "include_usage": True}
    raw = msgspec.json.encode({**body.fields, **changed}) if changed else body.raw
    waits = not body.stream and endpoint is not Endpoint.SPEECH
    return Ask(endpoint.value, body=raw, content_type="application/json", waits=waits)


def _number(body: Body, name: str, most: int) -> int | None:
    value = body.value(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise InvalidOrder(f"{name} must be a whole number of 1–{most}", param=name)
    return value
