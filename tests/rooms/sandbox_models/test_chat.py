"""What the chat model says, and how it uses tools and schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gesso.domain.errors import InvalidOrder
from gesso.sandbox_models import chat
from gesso.sandbox_models.chat import Wish
from gesso.sandbox_models.sample import sample

TOOL = {
    "type": "function",
    "function": {
        "name": "paint",
        "parameters": {
            "type": "object",
            "properties": {
                "what": {"type": "string", "maxLength": 5},
                "size": {"$ref": "#/$defs/size"},
                "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
                "loud": {"type": "boolean"},
                "odd": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]},
            },
            "$defs": {"size": {"enum": ["small", "large"]}},
        },
    },
}


def talk(*said: Any, role: str = "user") -> chat.Talk:
    return chat.read_talk([{"role": role, "content": one} for one in said])


def test_it_says_what_it_is_and_what_was_said() -> None:
    one = chat.reply(talk("paint a red fox"), Wish())
    assert "sandbox" in one.text
    assert "“paint a red fox”" in one.text
    assert one == chat.reply(talk("paint a red fox"), Wish())


def test_parts_with_pictures_are_counted() -> None:
    shown: Any = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {}}]
    assert talk(shown).pictures == 1
    assert "1 pictures" in chat.reply(talk(shown), Wish()).text


def test_limits_are_kept() -> None:
    short = chat.reply(talk("hello"), Wish(most_tokens=3))
    assert (len(short.tokens), short.finish) == (3, "length")
    assert chat.reply(talk("hello"), Wish(stops=["sandbox"])).text == "This is gesso's "


def test_a_tool_is_called_with_what_fits_and_its_result_is_told() -> None:
    called = chat.reply(talk("a red fox"), Wish(tools=[TOOL]))
    assert called.finish == "tool_calls"
    assert called.tool is not None
    assert called.tool[0] == "paint"
    assert json.loads(called.tool[1]) == {
        "what": "a red", "size": "small", "tags": ["a red fox"] * 2, "loud": True, "odd": 3,
    }  # fmt: skip
    assert chat.reply(talk("hi"), Wish(tools=[TOOL], tool_choice="none")).tool is None
    told = chat.read_talk([{"role": "user", "content": "hi"}, {"role": "tool", "content": "42"}])
    assert "“42”" in chat.reply(told, Wish(tools=[TOOL])).text
    with pytest.raises(InvalidOrder):
        chat.reply(talk("hi"), Wish(tools=[{"type": "x"}]))


def test_json_is_json() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"schema": schema}}
    assert json.loads(chat.reply(talk("x"), Wish(form=form)).text) == {"n": 0}
    said = chat.reply(talk("x"), Wish(form={"type": "json_object"})).text
    assert json.loads(said)["sandbox"] is True


def test_a_schema_that_leads_to_itself_ends() -> None:
    schema = {"type": "object", "properties": {"me": {"$ref": "#"}}}
    assert "me" in sample(schema, "x")


@pytest.mark.parametrize("messages", [None, [], "x", [1], [{"content": "x"}],
                                      [{"role": "user", "content": 5}],
                                      [{"role": "user", "content": ["x"]}]])  # fmt: skip
def test_what_is_no_chat_is_refused(messages: Any) -> None:
    with pytest.raises(InvalidOrder) as fault:
        chat.read_talk(messages)
    assert fault.value.param == "messages"


def test_tokens_are_the_text() -> None:
    text = "  a longword-ofmanyletters 你好, ¡hola!  \n\n "
    assert "".join(chat.tokens_of(text)) == text
