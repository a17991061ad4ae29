"""What limits a call is worked out once a minute, and never from a key as it was before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gesso.domain.call import Call, Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InsufficientFunds, RateLimited
from gesso.domain.limits import Limits, What
from gesso.services.relay_limits import bound_of, correct, take
from gesso.storage.unit import Unit

NOW = datetime(2026, 1, 31, 23, 58, 30, tzinfo=UTC)
KEY = ApiKey(
    "key_a", "acc_a", "n", "h",
    limits=Limits(5, 1000, day_nanos=900, month_nanos=2000),
    account_limits=Limits(3, tokens_per_minute=2000, concurrency=4),
)  # fmt: skip
FORESEEN = Usage(10, output_tokens=90)


def call(nanos: int = 300, at: datetime = NOW) -> Call:
    return Call("call_1", "acc_a", "key_a", "e", "m", "openai@m", nanos, at, at)


def unit() -> Unit:
    meters = dict.fromkeys(bound_of(KEY, NOW).needs.meters, 0)
    return Unit(NOW, meters=meters, open_calls={"acc_a": 0})


def test_the_same_key_is_bound_by_the_same_until_the_minute_ends() -> None:
    first = bound_of(KEY, NOW)
    assert bound_of(replace(KEY), NOW + timedelta(seconds=29)) is first
    later = bound_of(KEY, NOW + timedelta(seconds=30))
    assert [w.most for w in later.windows] == [w.most for w in first.windows]
    assert later.windows[0].meter != first.windows[0].meter
    assert later.windows[2].meter == first.windows[2].meter  # The day goes on.


def test_a_changed_key_is_bound_by_what_it_is_now() -> None:
    bound_of(KEY, NOW)
    changed = replace(KEY, limits=Limits(concurrency=7), account_limits=Limits())
    bound = bound_of(changed, NOW)
    assert (bound.windows, bound.busy) == ((), (("key_a", 7, "this key"),))
    assert bound.needs.open_calls == ("acc_a",)


def test_what_is_left_is_told_of_the_tightest() -> None:
    made = unit()
    told = take(made, bound_of(KEY, NOW), call(), FORESEEN)
    assert [(one.what, one.limit, one.left, one.reset_s) for one in told] == [
        (What.REQUESTS, 3, 2, 30.0),
        (What.TOKENS, 1000, 900, 30.0),
    ]
    assert sorted(made.meters.values()) == [1, 1, 100, 100, 300, 300]
    assert made.open_calls == {"key_a": 1, "acc_a": 1}


def test_what_was_not_used_is_given_back() -> None:
    made, bound = unit(), bound_of(KEY, NOW)
    take(made, bound, call(), FORESEEN)
    correct(made, call(), bound.ended, 200, -60)
    # Requests stay counted.
    assert sorted(made.meters.values()) == [1, 1, 40, 40, 200, 200]
    assert made.open_calls == {"key_a": 0, "acc_a": 0}


@pytest.mark.parametrize(
    ("nanos", "used", "error"),
    [(901, FORESEEN, InsufficientFunds), (1, Usage(1001), RateLimited)],
)
def test_a_refusal_leaves_nothing(nanos: int, used: Usage, error: type[Exception]) -> None:
    made = unit()
    take(made, bound_of(KEY, NOW), call(), FORESEEN)
    before = dict(made.meters), dict(made.open_calls)
    mark = made.mark()
    with pytest.raises(error):
        take(made, bound_of(KEY, NOW), call(nanos), used)
    made.undo(mark)
    assert (made.meters, made.open_calls) == before
