"""The sandbox at the responses endpoint: tools, forms, ends and the order of its events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gesso.domain.errors import InvalidOrder
from gesso.sandbox_models import responses

PAINT = {
    "type": "function",
    "name": "paint",
    "parameters": {"properties": {"what": {"type": "string"}}, "required": ["what"]},
}
SCHEMA = {"properties": {"name": {"type": "string"}}, "required": ["name"]}


def ask(given: Any = "a fox", **more: Any) -> dict[str, Any]:
    answer = responses.answer({"model": "m", "input": given, **more})
    return dict(answer.whole)


def events(given: Any = "a fox", **more: Any) -> list[dict[str, Any]]:
    answer = responses.answer({"model": "m", "input": given, **more})
    return [json.loads(one.split(b"data: ", 1)[1]) for one in answer.events()]


def test_a_tool_is_called_and_its_result_answered() -> None:
    (call,) = ask(tools=[PAINT])["output"]
    assert call["type"] == "function_call"
    assert call["name"] == "paint"
    assert json.loads(call["arguments"]) == {"what": "a fox"}
    assert call["call_id"] != call["id"]
    talk = [
        {"role": "user", "content": [{"type": "input_text", "text": "a fox"}]},
        {**call},
        {"type": "function_call_output", "call_id": call["call_id"], "output": "painted it"},
    ]
    (message,) = ask(talk, tools=[PAINT])["output"]
    assert "painted it" in message["content"][0]["text"]


def test_the_named_tool_is_called_and_none_means_none() -> None:
    tools = [PAINT, {**PAINT, "name": "draw"}]
    chosen = ask(tools=tools, tool_choice={"type": "function", "name": "draw"})
    assert chosen["output"][0]["name"] == "draw"
    assert chosen["tool_choice"] == {"type": "function", "name": "draw"}
    assert chosen["tools"] == tools
    assert ask(tools=tools, tool_choice="none")["output"][0]["type"] == "message"


def test_tools_that_others_run_are_left_alone() -> None:
    assert ask(tools=[{"type": "web_search"}])["output"][0]["type"] == "message"
    both = ask(tools=[{"type": "web_search"}, PAINT])
    assert both["output"][0]["name"] == "paint"


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ({"type": "json_schema", "name": "p", "schema": SCHEMA}, {"name": "Ann"}),
        ({"type": "json_object"}, {"sandbox": True, "said": "Ann", "messages": 1}),
    ],
)
def test_the_form_of_the_text_is_kept(form: dict[str, Any], shown: dict[str, Any]) -> None:
    whole = ask("Ann", text={"format": form})
    assert json.loads(whole["output"][0]["content"][0]["text"]) == shown
    assert whole["text"]["format"] == form


def test_what_stands_before_the_last_words_is_read() -> None:
    talk = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "item_reference", "id": "msg_1"},
        {
            "role": "assistant",
            "content": [{"type": "output_text", "text": "hm", "annotations": []}],
        },
        {"role": "user", "content": "Bob"},
    ]
    text = ask(talk)["output"][0]["content"][0]["text"]
    assert "“Bob”" in text
    assert "2 messages" in text


def test_instructions_come_back_and_are_counted() -> None:
    plain, told = ask(), ask(instructions="be very brief")
    assert told["instructions"] == "be very brief"
    assert told["usage"]["input_tokens"] > plain["usage"]["input_tokens"]


def test_too_few_tokens_leave_it_incomplete() -> None:
    whole = ask(max_output_tokens=3)
    assert whole["status"] == "incomplete"
    assert whole["incomplete_details"] == {"reason": "max_output_tokens"}
    assert whole["output"][0]["status"] == "incomplete"
    assert events(max_output_tokens=3)[-1]["type"] == "response.incomplete"


def test_a_stream_of_a_call_tells_its_arguments() -> None:
    told = events(tools=[PAINT])
    kinds = [one["type"] for one in told]
    assert kinds == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.function_call_arguments.delta", "response.function_call_arguments.done",
        "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert [one["sequence_number"] for one in told] == list(range(len(told)))
    assert told[2]["item"]["arguments"] == ""
    whole = told[-1]["response"]["output"][0]["arguments"]
    assert "".join(one["delta"] for one in told if "delta" in one) == whole
    assert told[4]["arguments"] == whole


def test_a_stream_of_words_adds_up() -> None:
    told = events()
    text = told[-1]["response"]["output"][0]["content"][0]["text"]
    parts = [one["delta"] for one in told if one["type"] == "response.output_text.delta"]
    assert "".join(parts) == text
    assert told[0]["response"]["status"] == "in_progress"


@pytest.mark.parametrize("given", [None, [], 3, ["a"], [{"content": "no role"}]])
def test_no_input_is_refused_by_its_name(given: Any) -> None:
    with pytest.raises(InvalidOrder) as refused:
        ask(given)
    assert refused.value.param == "input"


def test_nothing_is_kept() -> None:
    with pytest.raises(InvalidOrder, match="keeps no") as refused:
        ask(previous_response_id="resp_1")
    assert refused.value.param == "previous_response_id"
    assert ask()["store"] is False
