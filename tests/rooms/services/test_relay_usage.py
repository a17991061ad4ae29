"""Meters count and change nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain.call import Usage
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
    call = {"function": {"arguments": "x" * 8}}
    fed(meter, word("Hello") + event(choices=[{"delta": {"tool_calls": [call]}}]), [])
    assert meter.usage(FORESEEN) == Usage(100, output_tokens=4, estimated=True)


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
    meter = BodyMeter("application/json")
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
    text.feed(b"hello there!")
    assert text.usage(Usage(audio_ms=9)) == Usage(audio_ms=9, output_tokens=3, estimated=True)
