"""What models cost."""

from __future__ import annotations

from gesso.domain.call import Usage
from gesso.ledger.model_prices import DEFAULTS, find_tariff, list_tariffs


def cost(prices: dict[str, int], usage: Usage, model: str = "m", **more: str) -> int:
    tariff = find_tariff(prices, model)
    assert tariff is not None
    return tariff.cost(usage, **more)


def test_tokens_are_counted_in_millionths_and_rounded_once() -> None:
    prices = {"openai@m:input": 3, "openai@m:output": 5}
    assert cost(prices, Usage(333_333, output_tokens=1)) == 1  # 0.999999 + 0.000005
    assert cost(prices, Usage(333_333)) == 0


def test_the_cached_part_has_its_own_price_and_is_no_more_than_all() -> None:
    prices = {"openai@m:input": 1_000_000, "openai@m:cached": 100_000}
    assert cost(prices, Usage(100, 40)) == 64
    assert cost(prices, Usage(100, 400)) == 10
    assert cost({"openai@m:input": 1_000_000}, Usage(100, 40)) == 100


def test_sound_pictures_and_calls() -> None:
    prices = {
        "openai@m:audio_second": 1000,
        "openai@m:image": 7,
        "openai@m:image-hd": 9,
        "openai@m:call": 50,
        "openai@m:character": 2_000_000,
    }
    used = Usage(audio_ms=1500, pictures=2, characters=3)
    assert cost(prices, used) == 1500 + 14 + 50 + 6
    assert cost(prices, used, quality="hd") == 1500 + 18 + 50 + 6
    assert cost(prices, used, quality="standard") == 1500 + 14 + 50 + 6


def test_the_most_precise_name_wins_and_an_unknown_one_has_no_price() -> None:
    prices = {"openai@a*:call": 1, "openai@ab*:call": 2, "openai@abc:call": 3, "midjourney": 9}
    found = {m: find_tariff(prices, m) for m in ("a", "abx", "abc", "b")}
    assert {m: t and t.cost(Usage()) for m, t in found.items()} == {
        "a": 1, "abx": 2, "abc": 3, "b": None,
    }  # fmt: skip
    assert find_tariff({**prices, "openai@*:call": 4}, "b") is not None


def test_the_default_list_is_readable() -> None:
    assert list_tariffs(DEFAULTS)["gpt-4o-mini"]["output"] == 600_000_000
    assert find_tariff(DEFAULTS, "gpt-4-gizmo-g-1") is not None
