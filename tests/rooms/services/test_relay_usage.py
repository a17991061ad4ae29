"""Meters count and change nothing."""

from __future__ import annotations

import json
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain.call import Usage
from gesso.kit import tokens
from gesso.kit.tokens import count
from gesso.services.relay_usage import BodyMeter, EventMeter

USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 2}}
FORESEEN = Usage(100, output_tokens=1000)


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def word(text: str) -> bytes:
    return event(choices=[{"delta": {"content": text}}], usage=None)


ANSWER = [word("He"), word("llo"), event(choices=[], usage=USAGE), b"data: [DONE]\n\n"]


def fed(meter: EventMeter | BodyMeter, data: bytes, cuts: list[int]) -> bytes:
    out, start = b"", 0
    for cut in [*sorted(cuts), len(data)]:
        out += meter.feed(data[start:cut])
        start = cut
    return out + meter.flush()


@given(st.lists(st.integers(0, 300), max_size=8), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_a_stream_cut_anywhere_is_the_same(cuts: list[int], hides: bool, line: str) -> None:
    meter = EventMeter(hides_usage=hides)
    parts = [part.replace(b"\n", line.encode()) for part in ANSWER]
    data = b"".join(parts)
    out = fed(meter, data, [min(c, len(data)) for c in cuts])
    assert out == (data if not hides else b"".join(parts[:2] + parts[3:]))
    assert meter.usage(FORESEEN) == Usage(9, 2, 5)
    assert meter.done


def test_what_nobody_says_is_estimated() -> None:
    meter = EventMeter(hides_usage=True)
    call = {"id": "call_123", "type": "function", "function": {"arguments": " a red fox"}}
    fed(meter, word("Hello") + event(choices=[{"delta": {"tool_calls": [call]}}]), [])
    assert meter.told(FORESEEN) is None
    assert meter.usage(FORESEEN) == Usage(100, output_tokens=4, estimated=True)
    assert meter.usage(FORESEEN, lambda: 7) == Usage(7, output_tokens=4, estimated=True)


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
def test_a_stream_of_single_letters_counts_like_the_whole(model: str) -> None:
    text = "The foxes, 雪の中の狐, don't antidisestablish!" * 30
    meter = EventMeter(hides_usage=False, model=model)
    for letter in text:
        meter.feed(word(letter))
    assert meter.usage(FORESEEN).output_tokens == count(text, model)


def test_answers_that_a_stream_mixes_are_counted_apart() -> None:
    meter = EventMeter(hides_usage=False)
    for first, second in zip("antidisestablishment", "hello world, a fox !", strict=True):
        for index, letter in ((0, first), (1, second)):
            meter.feed(event(choices=[{"index": index, "delta": {"content": letter}}]))
    whole = count("antidisestablishment") + count("hello world, a fox !")
    assert meter.usage(FORESEEN).output_tokens == whole


def test_five_megabytes_of_an_answer_are_counted_in_flat_memory() -> None:
    meter = EventMeter(hides_usage=False)
    part = word("a red fox in the snow and so on " * 128)
    for _ in range(1280):
        meter.feed(part)
        (tally,) = meter._tallies.values()
        assert sum(map(len, tally._parts)) + len(meter._rest) <= tokens.KEPT
    # Nine words, of which each but the first has its blank: a token each.
    assert meter.usage(FORESEEN).output_tokens == 1280 * 128 * 9 + 1


def test_what_is_told_needs_no_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(encoding: str) -> NoReturn:
        raise AssertionError("loaded")

    monkeypatch.setattr(tokens, "_encoder", refuse)
    meter = EventMeter(hides_usage=False)
    fed(meter, word("a red fox " * 1000) + event(choices=[], usage=USAGE), [])
    assert meter.told(FORESEEN) == Usage(9, 2, 5)
    assert meter.usage(FORESEEN, lambda: 1 // 0) == Usage(9, 2, 5)


def test_a_response_in_one_piece_is_counted_by_its_words() -> None:
    part = {"type": "output_text", "text": "hello world"}
    item = {"type": "message", "id": "msg_123", "role": "assistant", "content": [part]}
    meter = BodyMeter("application/json")
    fed(meter, json.dumps({"object": "response", "id": "resp_1", "output": [item]}).encode(), [])
    assert meter.told(FORESEEN) is None
    assert meter.usage(FORESEEN) == Usage(100, output_tokens=2, estimated=True)
    text = BodyMeter("application/json")
    fed(text, b'{"text": "hello world"}', [])
    assert text.usage(Usage()) == Usage(output_tokens=2, estimated=True)
    told = BodyMeter("application/json")
    used = {"input_tokens": 3, "output_tokens": 4}
    fed(told, json.dumps({"output": [item], "usage": used}).encode(), [])
    assert told.usage(FORESEEN) == Usage(3, output_tokens=4)


def test_zeros_for_words_that_went_by_are_not_believed() -> None:
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    meter = EventMeter(hides_usage=False)
    fed(meter, word("Hello, fox") + event(choices=[], usage=nothing), [])
    used = meter.usage(FORESEEN)
    assert used.estimated
    assert used.input_tokens == FORESEEN.input_tokens
    assert used.output_tokens > 0
    silent = EventMeter(hides_usage=False)
    fed(silent, event(choices=[], usage=nothing), [])
    assert silent.usage(FORESEEN) == Usage(0)


def test_responses_tell_their_id_and_their_usage() -> None:
    meter = EventMeter(hides_usage=False)
    used = {"input_tokens": 3, "output_tokens": 4}
    fed(meter, event(type="response.completed", response={"id": "resp_1", "usage": used}), [])
    assert (meter.upstream_id, meter.usage(FORESEEN)) == ("resp_1", Usage(3, output_tokens=4))


@pytest.mark.parametrize("step", [997, 65_536, 2_000_000])
def test_a_long_body_keeps_its_ends_only(step: int) -> None:
    data = b'{"data":[' + b",".join([b'{"b64_json":"' + b"A" * 400_000 + b'"}'] * 3)
    data += b'],"usage":{"input_tokens":7,"output_tokens":8}}'
    meter = BodyMeter("application/json", pictures=True)
    assert fed(meter, data, list(range(step, len(data), step))) == data
    found = meter.usage(Usage(pictures=9))
    assert found == Usage(7, output_tokens=8, pictures=3)
    assert len(meter._head) + len(meter._tail) < 600_000


def test_garbage_is_passed_and_not_counted() -> None:
    meter = EventMeter(hides_usage=True)
    data = b"data: {broken\n\ndata: 7\n\n: comment\n\n\xff\xfe\n\n"
    assert fed(meter, data, []) == data
    assert BodyMeter("audio/mpeg").usage(Usage(characters=5)).characters == 5
    text = BodyMeter("text/plain")
    for byte in "hello 雪!".encode():
        text.feed(bytes([byte]))
    assert text.usage(Usage(audio_ms=9)) == Usage(audio_ms=9, output_tokens=4, estimated=True)
