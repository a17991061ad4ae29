"""What is read of a JSON request, and that nothing of it is lost or read twice."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gesso.dialects.openai import requests
from gesso.dialects.openai.requests import Body
from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder
from gesso.domain.relay import Endpoint

CHANNEL = Channel("ch", "one", provider="openai", base_url="http://127.0.0.1/v1")
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


def body(**fields: Any) -> Body:
    return Body(json.dumps({**CHAT, **fields}).encode())


def test_of_two_values_the_last_one_counts_as_it_does_upstream() -> None:
    found = Body(b'{"model":"cheap","n":1,"model":"dear","n":3,"messages":[1]}')
    assert found.model == "dear"
    assert requests.foresee(Endpoint.CHAT, found, output_tokens=10).output_tokens == 30
    assert found.value("model") == "dear"


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b"", None), (b"[]", None), (b"7", None), (b"\xff", None), (b"[" * 100_000, None),
        (b'{"model":"m","n":1e999}', None),
        (b'{"messages":[]}', "model"), (b'{"model":7}', "model"), (b'{"model":"a*"}', "model"),
        (b'{"model":"m","stream":1}', "stream"),
        (b'{"model":"m","stream_options":[1]}', "stream_options"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(raw: bytes, param: str | None) -> None:
    with pytest.raises(InvalidOrder) as told:
        Body(raw)
    assert told.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": None}, "messages"), ({"messages": "hi"}, "messages"),
        ({"messages": []}, "messages"), ({"messages": [1, 2, 3]}, "messages"),
    ],
)  # fmt: skip
def test_a_chat_has_messages_and_not_too_many(fields: dict[str, Any], param: str) -> None:
    requests.check(Endpoint.CHAT, body(), most_messages=2)
    with pytest.raises(InvalidOrder) as told:
        requests.check(Endpoint.CHAT, body(**fields), most_messages=2)
    assert told.value.param == param
    with pytest.raises(InvalidOrder, match="Missing required parameter: 'messages'"):
        requests.check(Endpoint.CHAT, Body(b'{"model":"m"}'), most_messages=2)


def test_other_endpoints_need_other_fields() -> None:
    requests.check(Endpoint.EMBEDDINGS, body(input="x"), most_messages=1)
    with pytest.raises(InvalidOrder, match="'input'"):
        requests.check(Endpoint.EMBEDDINGS, body(), most_messages=1)


@pytest.mark.parametrize("name", ["n", "max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", 10**9, [1]])
def test_numbers_are_whole_and_bounded(name: str, value: Any) -> None:
    with pytest.raises(InvalidOrder) as told:
        requests.foresee(Endpoint.CHAT, body(**{name: value}), output_tokens=10)
    assert told.value.param == name


def test_the_largest_maximum_is_foreseen_for_each_answer() -> None:
    asked = body(max_tokens=5, max_completion_tokens=7, n=2)
    assert requests.foresee(Endpoint.CHAT, asked, output_tokens=10).output_tokens == 14
    assert requests.foresee(Endpoint.CHAT, body(n=None), output_tokens=10).output_tokens == 10


def test_a_request_goes_on_byte_for_byte_unless_something_has_to_change() -> None:
    asked = Body(b' {"model" : "gpt-4o","messages":[],"\\u0061":1.50 } ')
    assert requests.write(Endpoint.CHAT, asked, CHANNEL).body == asked.raw
    mapped = replace(CHANNEL, options={"model_map": {"gpt-4o": "other"}})
    written = requests.write(Endpoint.CHAT, asked, mapped).body
    assert isinstance(written, bytes)
    assert b"1.50" in written
    assert json.loads(written) == {"model": "other", "messages": [], "a": 1.5}


def test_the_usage_of_a_stream_is_asked_for_once() -> None:
    for options, hidden in ((None, True), ({"include_usage": True}, False), ({"x": 1}, True)):
        asked = body(stream=True, stream_options=options)
        assert requests.hides_usage(Endpoint.CHAT, asked) is hidden
        written = requests.write(Endpoint.CHAT, asked, CHANNEL).body
        assert isinstance(written, bytes)
        wanted = {**(options or {}), "include_usage": True}
        assert json.loads(written)["stream_options"] == wanted


def test_of_two_lists_of_messages_the_last_one_counts() -> None:
    for first in (b'"x"', b"null", b"[1,2,3]"):
        found = Body(b'{"model":"m","messages":%s,"messages":[1]}' % first)
        requests.check(Endpoint.CHAT, found, most_messages=2)
    with pytest.raises(InvalidOrder, match="must be a list"):
        requests.check(
            Endpoint.CHAT, Body(b'{"model":"m","messages":[1],"messages":7}'), most_messages=2
        )


def test_messages_of_another_endpoint_may_be_anything() -> None:
    asked = Body(b'{"model":"m","messages":{"a":1e999},"n":2}')
    assert requests.foresee(Endpoint.COMPLETIONS, asked, output_tokens=10).output_tokens == 20
    with pytest.raises(InvalidOrder, match="parse"):
        Body(b'{"model":"m","messages":[1,')
