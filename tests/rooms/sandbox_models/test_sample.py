"""Values that fit a schema."""

from __future__ import annotations

from typing import Any

import pytest

from gesso.sandbox_models.sample import sample


@pytest.mark.parametrize(
    ("bounds", "number"),
    [
        ({}, 0),
        ({"minimum": 3}, 3),
        ({"maximum": -2.5}, -2.5),
        # How some libraries write "any whole number".
        ({"minimum": -(2**53) + 1, "maximum": 2**53 - 1}, 0),
        ({"minimum": "x", "maximum": None}, 0),
    ],
)
def test_numbers_are_the_nearest_to_zero(bounds: dict[str, Any], number: float) -> None:
    assert sample({"type": "integer", **bounds}, "x") == number
