"""How a call ends keeps how it began."""

from __future__ import annotations

from datetime import UTC, datetime

from gesso.domain.call import Call, CallState, Usage

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_ended_call_has_its_beginning_and_its_end() -> None:
    call = Call("call_1", "acc", "key", "chat/completions", "m", "openai@m", 900, NOW, NOW)
    ended = call.ended(
        CallState.SETTLED, 300, Usage(5, 2, 7), "ch_x", "resp_1", "abc", 200, "broke off", NOW
    )
    assert type(ended) is Call
    assert ended == call._replace(
        state=CallState.SETTLED, charged_nanos=300, usage=Usage(5, 2, 7), channel_id="ch_x",
        upstream_id="resp_1", upstream_key="abc", status=200, error="broke off", finished_at=NOW,
    )  # fmt: skip
