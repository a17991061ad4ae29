"""Prompts are counted by their texts, not by their JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gesso.dialects.openai import prompts, requests
from gesso.domain.relay import Endpoint
from gesso.kit.tokens import PICTURE


def counted(endpoint: Endpoint, **fields: Any) -> int:
    body = requests.Body(json.dumps({"model": "gpt-4o", **fields}).encode())
    found = prompts.count(endpoint, body)
    assert found <= requests.foresee(endpoint, body, output_tokens=1).input_tokens
    return found


def test_a_message_takes_three_tokens_and_its_role() -> None:
    hello = {"role": "user", "content": "hello world"}
    assert counted(Endpoint.CHAT, messages=[hello]) == 3 + 3 + 1 + 2
    assert counted(Endpoint.CHAT, messages=[hello] * 3) == 3 + 3 * (3 + 1 + 2)
    named = hello | {"name": "fox"}
    assert counted(Endpoint.CHAT, messages=[named]) == 3 + 3 + 1 + 2 + 2


@pytest.mark.parametrize("url", ["https://a.example/b.png", "data:image/png;base64," + "A" * 9000])
def test_a_picture_costs_the_same_wherever_it_is(url: str) -> None:
    parts = [
        {"type": "text", "text": "hello world"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    assert counted(Endpoint.CHAT, messages=[{"role": "user", "content": parts}]) == 9 + PICTURE
    parts = [
        {"type": "input_text", "text": "hello world"},
        {"type": "input_image", "image_url": url},
    ]
    assert counted(Endpoint.RESPONSES, input=[{"role": "user", "content": parts}]) == 9 + PICTURE


def test_tools_and_what_they_said_are_part_of_the_prompt() -> None:
    call = {"id": "call_123456789", "type": "function",
            "function": {"name": "paint", "arguments": '{"a": 1}'}}  # fmt: skip
    spoken = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_123456789", "content": "hello world"},
    ]
    bare = counted(Endpoint.CHAT, messages=spoken)
    assert bare == 3 + (3 + 1 + 1 + 6) + (3 + 1 + 2)
    tool = {"type": "function", "function": {"name": "paint", "parameters": {}}}
    assert counted(Endpoint.CHAT, messages=spoken, tools=[tool]) == bare + 17


def test_the_other_endpoints_have_no_frame() -> None:
    assert counted(Endpoint.EMBEDDINGS, input=["hello world", "hello world"]) == 4
    assert counted(Endpoint.EMBEDDINGS, input=[[1, 2, 3], [4]]) == 4
    assert counted(Endpoint.COMPLETIONS, prompt="hello world", suffix="fox") == 3
    assert counted(Endpoint.RESPONSES, input="hello world", instructions="fox") == 3 + 5 + 4
    assert counted(Endpoint.SPEECH, input="hello world", voice="alloy") == 2
    assert counted(Endpoint.IMAGES, prompt="hello world") == 2
    assert not prompts.is_counted(Endpoint.MODERATIONS)


def test_a_deep_prompt_is_counted() -> None:
    deep: Any = "hello world"
    for _ in range(500):
        deep = [deep]
    assert counted(Endpoint.EMBEDDINGS, input=deep) == 2
