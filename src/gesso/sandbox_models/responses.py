"""The responses endpoint: its items read as a chat, the answer written as items. Pure.

Facts of the wire: functions stand flat in `tools`, the form of the answer in `text.format`, a
call and its result are items of their own. What a server would have kept (`item_reference`,
thoughts) says nothing here and is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gesso.domain.errors import InvalidOrder
from gesso.domain.relay_card import RelayCard
from gesso.sandbox_models import chat
from gesso.sandbox_models.chat import Said, Talk, Wish
from gesso.sandbox_models.events import Json, event, number_of, usage_of

#: Items that hold nothing to read: what another server kept, and what it thought.
_MUTE = frozenset({"item_reference", "reasoning"})
#: What comes back as it was asked for, with what it is when nobody asked.
_ECHOED: Mapping[str, Any] = {
    "instructions": None, "max_output_tokens": None, "metadata": {}, "parallel_tool_calls": True,
    "temperature": None, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
    "top_p": None, "truncation": "disabled",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, to be sent whole or as a stream."""

    whole: Json
    said: Said
    cards: Mapping[RelayCard, str]

    def events(self) -> Iterator[bytes]:
        """Yield the answer as a stream."""
        for number, one in enumerate(_told(self.whole, self.said)):
            yield event({**one, "sequence_number": number}, named=True)


def answer(body: Json) -> Response:
    """Answer a request; raises InvalidOrder for what is none."""
    if body.get("previous_response_id") is not None:
        raise InvalidOrder(
            "the sandbox keeps no responses: send the whole talk as input",
            param="previous_response_id",
        )
    talk = _talk(body)
    said = chat.reply(talk, _wish(body))
    return Response(_whole(body, talk, said), said, talk.cards)


def _talk(body: Json) -> Talk:
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise InvalidOrder("input must be a text or a list of items", param="input")
    messages = [_message(one) for one in items if one.get("type") not in _MUTE]
    instructions = body.get("instructions")
    if messages and isinstance(instructions, str) and instructions:
        messages.insert(0, {"role": "system", "content": instructions})
    try:
        return chat.read_talk(messages)
    except InvalidOrder as fault:
        message = fault.message.replace("messages", "input")
        raise InvalidOrder(message, param="input") from None


def _message(item: Json) -> Json:
    """Return an item as a message of a chat."""
    kind = item.get("type")
    if kind == "function_call":
        return {"role": "assistant", "content": None}
    if kind == "function_call_output":
        return {"role": "tool", "content": item.get("output")}
    return item


def _wish(body: Json) -> Wish:
    given = body.get("tools")
    tools = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    # Tools of other types are run by a server that has them.
    functions = [{"function": one} for one in tools if one.get("type") == "function"]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        choice = {"function": {"name": choice.get("name")}}
    text = body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    form = form if isinstance(form, dict) else {}
    wish: Json = {
        "max_tokens": body.get("max_output_tokens"),
        "tools": functions,
        "tool_choice": choice,
        "response_format": {"type": form.get("type"), "json_schema": form},
    }
    return chat.read_wish(wish)


def _whole(body: Json, talk: Talk, said: Said) -> Json:
    counts = usage_of(talk.input_tokens, [said])
    usage = {
        "input_tokens": counts["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": counts["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counts["total_tokens"],
    }
    is_cut = said.finish == "length"
    status = "incomplete" if is_cut else "completed"
    echoed = {name: body.get(name) or default for name, default in _ECHOED.items()}
    if body.get("parallel_tool_calls") is False:
        echoed["parallel_tool_calls"] = False
    return {
        **echoed,
        "id": f"resp_sandbox{number_of([said])}", "object": "response",
        "created_at": int(time.time()), "status": status, "model": body["model"],
        "output": [_item(said, status)], "usage": usage, "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "previous_response_id": None, "store": False,
    }  # fmt: skip


def _item(said: Said, status: str) -> Json:
    number = number_of([said])
    if said.tool:
        name, arguments = said.tool
        return {
            "type": "function_call", "id": f"fc_{number}", "call_id": f"call_sandbox{number}",
            "name": name, "arguments": arguments, "status": status,
        }  # fmt: skip
    text = {"type": "output_text", "text": said.text, "annotations": []}
    return {
        "type": "message", "id": f"msg_{number}", "role": "assistant", "status": status,
        "content": [text],
    }  # fmt: skip


def _told(whole: Json, said: Said) -> Iterator[Json]:
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    begun["incomplete_details"] = None
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    item = whole["output"][0]
    blank: Json = {"arguments": ""} if said.tool else {"content": []}
    empty = {**item, **blank, "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": 0, "item": empty}
    place = {"item_id": item["id"], "output_index": 0}
    yield from _call(item, place) if said.tool else _words(item, place, said)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": f"response.{whole['status']}", "response": whole}


def _call(item: Json, place: Json) -> Iterator[Json]:
    kind = "response.function_call_arguments"
    arguments = item["arguments"]
    yield {"type": f"{kind}.delta", **place, "delta": arguments}
    yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": arguments}


def _words(item: Json, place: Json, said: Said) -> Iterator[Json]:
    (part,) = item["content"]
    place = {**place, "content_index": 0}
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
    for token in said.tokens:
        yield {"type": "response.output_text.delta", **place, "delta": token, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": said.text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}
