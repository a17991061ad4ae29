"""An Idempotency-Key stands for one request: its path and its body to the byte."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from gesso.domain.errors import InvalidOrder
from gesso.http.idempotency import read_repeatable


def _request(key: bytes | None, path: str = "/a") -> Request:
    headers = [] if key is None else [(b"idempotency-key", key)]
    return Request({"type": "http", "method": "POST", "path": path, "headers": headers})


def test_path_and_body_are_part_of_it() -> None:
    first = read_repeatable(_request(b" k-1 "), b"{}")
    assert first is not None
    assert first.key == "k-1"
    assert read_repeatable(_request(b"k-1"), b"{}") == first
    others = [
        read_repeatable(_request(b"k-1", "/b"), b"{}"),
        read_repeatable(_request(b"k-1"), b"{ }"),
        read_repeatable(_request(b"k-2"), b"{}"),
    ]
    assert first not in others
    assert others[0] is not None
    assert others[0].digest != first.digest


@pytest.mark.parametrize("key", [None, b"", b"  "])
def test_without_a_key_nothing_repeats(key: bytes | None) -> None:
    assert read_repeatable(_request(key), b"{}") is None


@pytest.mark.parametrize("key", [b"x" * 192, b"a b", b"\x01", "é".encode("latin-1")])
def test_other_keys_are_refused(key: bytes) -> None:
    with pytest.raises(InvalidOrder, match="191 visible ASCII"):
        read_repeatable(_request(key), b"{}")
