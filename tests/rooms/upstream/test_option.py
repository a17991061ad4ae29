"""Options as JSON values and as the command line's texts."""

from __future__ import annotations

from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import Refused
from gesso.upstream import option


def having(value: Any) -> Channel:
    return Channel("ch", "ch", "p", options={"steps": value})


@pytest.mark.parametrize("value", [12, "12", 12.0])
def test_numbers(value: Any) -> None:
    assert option.whole(having(value), "steps", 25, 1, 150) == 12
    assert option.number(having("0.5"), "steps", 1, 0, 1) == 0.5


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_set_has_its_default(value: Any) -> None:
    assert option.whole(having(value), "steps", 25, 1, 150) == 25
    assert option.text(having(value), "steps", "many") == "many"
    assert not option.switch(having(value), "steps")


@pytest.mark.parametrize("value", ["many", "nan", "inf", 0, 151, "1.5", True, [1]])
def test_what_cannot_be_used_is_named(value: Any) -> None:
    with pytest.raises(Refused, match="option steps must be"):
        option.whole(having(value), "steps", 25, 1, 150)


@pytest.mark.parametrize(
    ("value", "on"), [(True, True), ("true", True), ("off", False), (0, False)]
)
def test_switches(value: Any, on: bool) -> None:
    assert option.switch(having(value), "steps") == on
