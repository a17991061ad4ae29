"""Errors and lists in the shapes of the OpenAI wire. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gesso.dialects.openai.shapes import (
    CallReceipt,
    CallUsage,
    Model,
    ModelNames,
    OpenAIError,
    OpenAIFault,
)
from gesso.domain.call import Call
from gesso.domain.errors import (
    BannedPrompt,
    CallerError,
    GessoError,
    InsufficientFunds,
    NoChannel,
    NotAllowed,
    NotAuthenticated,
    OperatorError,
    ProviderError,
    QueueFull,
    RateLimited,
    Refused,
    StillRunning,
    UnknownModel,
)
from gesso.services.spending import write_dollars

#: Error → HTTP status, type and code of this wire, where they differ from the usual ones.
_SHAPES: Mapping[type[GessoError], tuple[int, str, str | None]] = {
    NotAuthenticated: (401, "invalid_request_error", "invalid_api_key"),
    NotAllowed: (403, "permission_error", "not_allowed"),
    UnknownModel: (404, "invalid_request_error", "model_not_found"),
    InsufficientFunds: (429, "insufficient_quota", "insufficient_quota"),
    RateLimited: (429, "rate_limit_exceeded", "rate_limit_exceeded"),
    QueueFull: (429, "rate_limit_exceeded", "queue_full"),
    BannedPrompt: (400, "invalid_request_error", "content_policy_violation"),
    NoChannel: (503, "server_error", "no_channel"),
    StillRunning: (504, "server_error", "still_running"),
    Refused: (502, "server_error", "upstream_refused"),
    ProviderError: (502, "server_error", "upstream_error"),
    OperatorError: (500, "server_error", "operator_error"),
}
_SERVER = (500, "server_error", "internal_error")


def read_error(error: GessoError, status: int) -> tuple[int, str, str | None]:
    """Return HTTP status, type and code; `status` is the one of the other wires."""
    for kind in type(error).__mro__:
        if kind in _SHAPES:
            shape = _SHAPES[kind]
            # An upstream that may answer later is not there now; clients try again.
            return (503, *shape[1:]) if error.retry and shape[0] == 502 else shape
    if isinstance(error, CallerError):
        return status, "invalid_request_error", error.code
    return _SERVER


def write_error(
    message: str, kind: str, *, param: str | None = None, code: str | None = None
) -> bytes:
    """Return the error envelope."""
    return msgspec.json.encode(OpenAIError(OpenAIFault(message, kind, param, code)))


def write_models(models: Iterable[tuple[str, str]], created: int) -> bytes:
    """Return the list of models from their names and owners."""
    rows = [model(name, owner, created) for name, owner in models]
    return msgspec.json.encode(ModelNames("list", rows))


def model(name: str, owner: str, created: int) -> Model:
    """Return one model."""
    return Model(name, "model", created, owner)


def write_receipt(call: Call) -> bytes:
    """Return what a call used and what it cost, in US dollars as text."""
    usage = CallUsage(
        prompt_tokens=call.usage.input_tokens,
        cached_tokens=call.usage.cached_tokens,
        completion_tokens=call.usage.output_tokens,
        characters=call.usage.characters,
        audio_ms=call.usage.audio_ms,
        pictures=call.usage.pictures,
        estimated=call.usage.estimated,
    )
    receipt = CallReceipt(
        id=call.id,
        object="call",
        model=call.model,
        state=call.state.value,
        price_key=call.price_key,
        charged_usd=write_dollars(call.charged_nanos),
        usage=usage,
    )
    return msgspec.json.encode(receipt)


def write_event(body: bytes) -> bytes:
    """Return JSON as one server-sent event."""
    return b"data: " + body + b"\n\n"


def write_named_event(kind: str, fields: dict[str, Any]) -> bytes:
    """Return a server-sent event with a name, as images have them."""
    body = msgspec.json.encode({"type": kind, **fields})
    return b"event: " + kind.encode() + b"\n" + write_event(body)


def write_chunk(
    call_id: str,
    model_name: str,
    created: int,
    *,
    delta: dict[str, Any] | None = None,
    finish: str | None = None,
    usage: dict[str, int] | None = None,
) -> bytes:
    """Return one event of a chat stream; with `usage`, the last one that holds only that."""
    choices = [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}]
    chunk: dict[str, Any] = {
        "id": call_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model_name,
        "choices": [] if usage else choices,
    }
    return write_event(msgspec.json.encode(chunk | ({"usage": usage} if usage else {})))


def write_completion(
    call_id: str, model_name: str, created: int, content: str, usage: dict[str, int]
) -> bytes:
    """Return a whole chat answer."""
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return msgspec.json.encode(
        {
            "id": call_id,
            "object": "chat.completion",
            "created": created,
            "model": model_name,
            "choices": [choice],
            "usage": usage,
        }
    )
