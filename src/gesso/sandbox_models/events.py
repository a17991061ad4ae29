"""Server-sent events and bodies in the shapes of the OpenAI wire, for the sandbox. Pure."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from gesso.sandbox_models.chat import Said

Json = dict[str, Any]


def write(value: Json) -> bytes:
    """Return an object as JSON."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def event(value: Json, *, named: bool = False) -> bytes:
    """Return an object as one event; with `named`, its type is the event's name too."""
    head = f"event: {value['type']}\n".encode() if named else b""
    return head + b"data: " + write(value) + b"\n\n"


def usage_of(read: int, said: Sequence[Said]) -> dict[str, int]:
    """Return what a chat used."""
    written = sum(len(one.tokens) + (20 if one.tool else 0) for one in said)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def completion(model: str, said: Sequence[Said], usage: Json) -> Json:
    """Return a whole chat answer."""
    choices = [
        {"index": i, "message": _message(one), "logprobs": None, "finish_reason": one.finish}
        for i, one in enumerate(said)
    ]
    head = _head(model, "chatcmpl", "chat.completion", said)
    return {**head, "choices": choices, "usage": usage}


def chunks(model: str, said: Sequence[Said], usage: Json | None) -> Iterator[bytes]:
    """Yield a chat answer as a stream; with `usage`, that comes last."""
    head = _head(model, "chatcmpl", "chat.completion.chunk", said)
    for index, one in enumerate(said):
        for delta in _deltas(one):
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
            yield event({**head, "choices": [choice]})
        end = {"index": index, "delta": {}, "logprobs": None, "finish_reason": one.finish}
        yield event({**head, "choices": [end]})
    if usage:
        yield event({**head, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def texts(model: str, said: Sequence[Said], usage: Json) -> Json:
    """Return a whole answer of the older endpoint for texts."""
    choices = [
        {"index": i, "text": one.text, "logprobs": None, "finish_reason": one.finish}
        for i, one in enumerate(said)
    ]
    return {**_head(model, "cmpl", "text_completion", said), "choices": choices, "usage": usage}


def text_chunks(model: str, said: Sequence[Said], usage: Json | None) -> Iterator[bytes]:
    """Yield an answer of the older endpoint as a stream."""
    head = _head(model, "cmpl", "text_completion", said)
    for index, one in enumerate(said):
        for place, token in enumerate(one.tokens):
            finish = one.finish if place == len(one.tokens) - 1 else None
            choice = {"index": index, "text": token, "logprobs": None, "finish_reason": finish}
            yield event({**head, "choices": [choice]})
    if usage:
        yield event({**head, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _head(model: str, kind: str, name: str, said: Sequence[Said]) -> Json:
    found = {"id": f"{kind}-sandbox{number_of(said)}", "object": name, "created": int(time.time())}
    return {**found, "model": model, "system_fingerprint": "gesso-sandbox"}


def number_of(said: Sequence[Said]) -> str:
    """Return eight letters that are the same for the same answers."""
    text = "".join(one.text + "".join(one.tool or ()) for one in said)
    return f"{zlib.crc32(text.encode(errors='replace')):08x}"


def _message(said: Said) -> Json:
    message: Json = {"role": "assistant", "content": said.text, "refusal": None}
    if said.tool:
        message |= {"content": None, "tool_calls": [_tool(said)]}
    return message


def _deltas(said: Said) -> Iterator[Json]:
    yield {"role": "assistant", "content": None if said.tool else ""}
    if said.tool:
        yield {"tool_calls": [{"index": 0, **_tool(said)}]}
    for token in said.tokens:
        yield {"content": token}


def _tool(said: Said) -> Json:
    name, arguments = said.tool or ("", "")
    call_id = f"call_sandbox{number_of([said])}"
    return {
        "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}
    }  # fmt: skip
