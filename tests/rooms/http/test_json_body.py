"""JSON bodies: read, or refused by the name of the field."""

from __future__ import annotations

import msgspec
import pytest

from gesso.domain.errors import InvalidOrder
from gesso.http.json_body import read_json


class Body(msgspec.Struct):
    name: str | None = None
    count: int | None = None


def test_an_empty_body_is_an_empty_object() -> None:
    assert read_json(b"", Body) == read_json(b" \n", Body) == Body()


def test_numbers_as_text_where_it_is_allowed() -> None:
    assert read_json(b'{"count":"7","more":1}', Body, strict=False) == Body(count=7)
    with pytest.raises(InvalidOrder) as fault:
        read_json(b'{"count":"7"}', Body)
    assert fault.value.param == "count"


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b'{"name":"\\u0000"}', b'{"name":"\\ud800"}', b"[" * 100_000, b"1"]
)
def test_what_is_no_body_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidOrder):
        read_json(raw, Body, strict=False)


def test_an_escaped_backslash_is_no_zero() -> None:
    assert read_json(b'{"name":"\\\\u0000"}', Body).name == "\\u0000"
