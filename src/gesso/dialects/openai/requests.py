"""Read what a gateway must know of a request, and write it for an upstream. Pure.

Only the top level of the JSON is taken apart; every value stays the bytes that the caller
sent, so that nothing is lost or changed on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

from gesso.domain import model as models
from gesso.domain.call import Usage
from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder
from gesso.domain.relay import Ask, Endpoint
from gesso.kit import tokens

#: The most tokens and answers that one request may ask for.
_MOST_TOKENS, _MOST_ANSWERS = 10_000_000, 128
_WITH_USAGE = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})
_WITH_OUTPUT = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES})
_NEEDED = {
    Endpoint.CHAT: "messages",
    Endpoint.EMBEDDINGS: "input",
    Endpoint.MODERATIONS: "input",
    Endpoint.SPEECH: "input",
    Endpoint.IMAGES: "prompt",
}


class _Asked(msgspec.Struct):
    """What is read of each request; all else is passed over."""

    model: Any = None
    stream: Any = None
    stream_options: Any = None
    n: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None


class _Chat(_Asked):
    """The same with what a chat has: a list of messages, of which none is read."""

    messages: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class _Other(_Asked):
    """The same where the messages may be anything."""

    messages: msgspec.Raw = msgspec.Raw()


_chat = msgspec.json.Decoder(_Chat)
_other = msgspec.json.Decoder(_Other)
_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Body:
    """A JSON request, of which little is read."""

    def __init__(self, raw: bytes) -> None:
        """Read it; raises InvalidOrder for what is no JSON object with a model."""
        asked = _ask(raw)
        stream, options = asked.stream, asked.stream_options or {}
        if not isinstance(stream, bool | None):
            raise InvalidOrder("stream must be true or false", param="stream")
        if not isinstance(options, dict):
            raise InvalidOrder("stream_options must be an object", param="stream_options")
        self.raw = raw
        self.asked = asked
        self.model = models.check_name(asked.model)
        self.stream = bool(stream)
        #: Whether the caller wants the usage in the stream.
        self.asks_usage = options.get("include_usage") is True

    @cached_property
    def fields(self) -> Mapping[str, msgspec.Raw]:
        """Its top level, every value as the caller wrote it; raises InvalidOrder."""
        try:
            return _top.decode(self.raw)
        except _UNREADABLE:
            raise _unreadable() from None

    def value(self, name: str) -> Any:
        """Return a field as Python has it; None when it is not there."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw)
        except _UNREADABLE:
            raise InvalidOrder(f"{name} cannot be read", param=name) from None


def _ask(raw: bytes) -> _Chat | _Other:
    try:
        return _chat.decode(raw)
    except _UNREADABLE:
        pass  # It may be the messages alone, of which `check` says what is wrong.
    try:
        return _other.decode(raw)
    except _UNREADABLE:
        raise _unreadable() from None


def with_model(raw: bytes, name: str) -> bytes:
    """Name the model that an endpoint has when a request names none."""
    try:
        fields = _top.decode(raw)
    except _UNREADABLE:
        return raw  # `Body` says what is wrong with it
    return raw if "model" in fields else msgspec.json.encode({**fields, "model": name})


def check(endpoint: Endpoint, body: Body, *, most_messages: int) -> None:
    """Raise InvalidOrder for what no upstream could serve."""
    needed = _NEEDED.get(endpoint)
    if endpoint is not Endpoint.CHAT:
        if needed and needed not in body.fields:
            raise _missing(needed)
        return
    messages = body.asked.messages
    if not isinstance(messages, list):
        messages = _messages(messages)
    if not messages:
        raise InvalidOrder("messages must not be empty", param="messages")
    if len(messages) > most_messages:
        raise InvalidOrder(f"at most {most_messages} messages", param="messages")


def _messages(raw: msgspec.Raw | msgspec.UnsetType) -> list[msgspec.Raw]:
    if not raw:
        raise _missing("messages")
    try:
        return _list.decode(raw)
    except _UNREADABLE:
        raise InvalidOrder("messages must be a list", param="messages") from None


def foresee(endpoint: Endpoint, body: Body, *, output_tokens: int) -> Usage:
    """Return the most that a request will use, as far as it can be told."""
    if endpoint is Endpoint.SPEECH:
        text = body.value("input")
        if not isinstance(text, str):
            raise InvalidOrder("input must be a text", param="input")
        return Usage(tokens.guess(body.raw), characters=len(text))
    asked = body.asked
    answers = 1 if asked.n is None else _number(asked.n, "n", _MOST_ANSWERS)
    if endpoint is Endpoint.IMAGES:
        return Usage(tokens.guess(body.raw), output_tokens=0, pictures=answers)
    most = 0
    if endpoint in _WITH_OUTPUT:
        most = (_maximum(asked) or output_tokens) * answers
    return Usage(tokens.guess(body.raw), 0, most)


def _maximum(asked: _Asked) -> int:
    """Return the largest maximum of tokens that a request names; 0 when it names none."""
    most = 0
    # One by one: a loop over their names costs every call more than reading it.
    if asked.max_completion_tokens is not None:
        most = _number(asked.max_completion_tokens, "max_completion_tokens", _MOST_TOKENS)
    if asked.max_tokens is not None:
        most = max(most, _number(asked.max_tokens, "max_tokens", _MOST_TOKENS))
    if asked.max_output_tokens is not None:
        most = max(most, _number(asked.max_output_tokens, "max_output_tokens", _MOST_TOKENS))
    return most


def hides_usage(endpoint: Endpoint, body: Body) -> bool:
    """Say whether the usage in the stream is asked for by us alone."""
    return body.stream and endpoint in _WITH_USAGE and not body.asks_usage


def write(endpoint: Endpoint, body: Body, channel: Channel) -> Ask:
    """Return the request for a channel; as it came, if nothing needs to be changed."""
    name = models.upstream_name(channel, body.model)
    raw = body.raw
    asks_usage = hides_usage(endpoint, body) and not channel.options.get("no_stream_usage")
    if asks_usage or name != body.model:
        changed: dict[str, Any] = dict(body.fields)
        if name != body.model:
            changed["model"] = name
        if asks_usage:
            options = body.asked.stream_options or {}
            changed["stream_options"] = {**options, "include_usage": True}
        raw = msgspec.json.encode(changed)
    waits = not body.stream and endpoint is not Endpoint.SPEECH
    return Ask(str(endpoint), "POST", raw, None, "application/json", waits)


def _number(value: Any, name: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise InvalidOrder(f"{name} must be a whole number of 1–{most}", param=name)
    return value


def _missing(name: str) -> InvalidOrder:
    return InvalidOrder(f"Missing required parameter: '{name}'.", param=name)


def _unreadable() -> InvalidOrder:
    return InvalidOrder(
        "We could not parse the JSON body of your request: it must be a JSON object."
    )
