"""Names, patterns and mapping of models."""

from __future__ import annotations

from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder
from gesso.domain.model import check_name, explicit_names, lists, names, offers, upstream_name


def channel(**options: Any) -> Channel:
    return Channel("c", "c", "openai", options=options)


def test_a_channel_without_a_list_offers_all_and_names_none() -> None:
    assert offers(channel(), "anything")
    assert not lists(channel(), "anything")


@pytest.mark.parametrize(
    "models", [["gpt-4-gizmo-*", "o3"], "gpt-4-gizmo-*, o3", "gpt-4-gizmo-*\no3"]
)
def test_lists_may_be_text_and_hold_patterns(models: Any) -> None:
    one = channel(models=models)
    assert names(one) == ("gpt-4-gizmo-*", "o3")
    assert offers(one, "gpt-4-gizmo-g-1")
    assert offers(one, "o3")
    assert not offers(one, "o3-mini")
    assert explicit_names(one) == {"o3"}


def test_the_most_precise_name_of_a_mapping_wins() -> None:
    one = channel(model_map={"gpt-*": "a", "gpt-4*": "b", "gpt-4o": "c"})
    assert [upstream_name(one, m) for m in ("gpt-3", "gpt-4.1", "gpt-4o")] == ["a", "b", "c"]
    assert upstream_name(channel(model_map='{"x": "y"}'), "x") == "y"
    assert upstream_name(channel(model_map="broken"), "x") == "x"


@pytest.mark.parametrize("bad", [None, 1, "", " ", "a" * 101, "gpt-*", "a\nb", ["a"]])
def test_what_is_no_name(bad: Any) -> None:
    with pytest.raises(InvalidOrder):
        check_name(bad)
