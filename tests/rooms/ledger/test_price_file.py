"""Price lists as files: exact amounts, and every fault named."""

from __future__ import annotations

import pytest

from gesso.ledger.price_file import read_prices


def test_both_forms_of_both_kinds() -> None:
    flat = '{"openai@gpt-4o:input": 2.50, "midjourney": "0.04504"}'
    assert read_prices(flat) == {"openai@gpt-4o:input": 2_500_000_000, "midjourney": 45_040_000}
    listed = '{"currency": "USD", "models": {"a/B": {"input": "0.1"}}, "tasks": {"midjourney": 1}}'
    assert read_prices(listed) == {"openai@a/B:input": 100_000_000, "midjourney": 10**9}
    assert read_prices("\ufeffkey, price\nopenai@*:call, $0.01\n") == {"openai@*:call": 10_000_000}
    table = "model,input,output,image-hd\ngpt-4o,2.5,10,\ndall-e-3,,,0.08\n"
    assert read_prices(table) == {
        "openai@gpt-4o:input": 2_500_000_000,
        "openai@gpt-4o:output": 10_000_000_000,
        "openai@dall-e-3:image-hd": 80_000_000,
    }


def test_a_factor_is_exact_and_rounds_up() -> None:
    assert read_prices("key,price\na,0.1", multiplier="1.2") == {"a": 120_000_000}
    assert read_prices("key,price\na,0.000000001", multiplier="1.5") == {"a": 2}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "first line"),
        ("{", "no JSON"),
        ("{}", "no prices"),
        ("key,price\n", "no prices"),
        ("key,price\na,1\nb,x", "line 3"),
        ("key,price\na,-1", "line 2"),
        ("key,price\na,NaN", "line 2"),
        ("key,price\na,1e99", "line 2"),
        ("key,price\na b,1", "no price key"),
        ("key,price\na,1\na,2", "twice"),
        ("key,price\na", "line 2"),
        ('{"models": {"a": 5}}', "a: "),
        ('{"a": {"b": 1}}', "no amount"),
        ("model,colour\na,1", "first line"),
    ],
)
def test_a_fault_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_prices(text)
