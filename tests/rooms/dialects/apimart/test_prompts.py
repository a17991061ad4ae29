"""Structured fields as flags."""

from __future__ import annotations

from typing import Any

import pytest

from gesso.dialects.apimart import bodies
from gesso.dialects.apimart.prompts import FIELDS, compile_prompt
from gesso.domain.errors import InvalidOrder


def written(**fields: Any) -> str:
    body = bodies.Imagine(**{"prompt": "a fox", **fields})
    return compile_prompt(body, "imagine", max_chars=1000)[1].write()


def test_every_field_is_one_of_the_body() -> None:
    assert {field for field, _ in FIELDS} <= set(bodies.Flagged.__struct_fields__)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"prompt": "a beautiful sunset --ar 1:1", "size": "16:9"}, "a beautiful sunset --ar 16:9"),
        ({"version": "7"}, "a fox --v 7"),
        ({"version": 7.0}, "a fox --v 7"),
        ({"version": "v8.2"}, "a fox --v 8.2"),
        ({"version": "7", "niji": True}, "a fox --niji 7"),
        ({"version": "niji 6"}, "a fox --niji 6"),
        ({"prompt": "a --niji 6", "niji": False}, "a"),
        ({"iw": 2.0}, "a fox --iw 2"),
        ({"style": "raw"}, "a fox --raw"),
        ({"stop": 50, "version": "6.1"}, "a fox --v 6.1 --stop 50"),
        ({"stop": 50, "niji": True, "version": "5"}, "a fox --niji 5 --stop 50"),
        ({"negative_prompt": "text, people"}, "a fox --no text, people"),
        ({"size": ""}, "a fox"),
        ({"extra": "--oref https://x.example/a.png --ow 20"},
         "a fox --oref https://x.example/a.png --ow 20"),
    ],
)  # fmt: skip
def test_the_body_wins(fields: dict[str, Any], text: str) -> None:
    assert written(**fields) == text


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"version": "4.7"}, "version"),
        ({"niji": True, "version": "3"}, "version"),
        ({"stylize": -1}, "stylize"),
        ({"negative_prompt": "--ar 1:1"}, "negative_prompt"),
        ({"hd": True, "version": "8"}, "hd"),
        ({"draft": True, "niji": True, "version": "6"}, "draft"),
        ({"raw": True, "version": "4"}, "raw"),
        ({"stop": 20}, "stop"),
    ],
)
def test_a_fault_names_its_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidOrder) as fault:
        written(**fields)
    assert fault.value.param == param
