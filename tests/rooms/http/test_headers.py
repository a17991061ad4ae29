"""One header of a request."""

from __future__ import annotations

from starlette.requests import Request

from gesso.http import headers


def test_the_first_of_a_name_counts_and_none_is_empty() -> None:
    given = [(b"host", b"x"), (b"prefer", b"  wait=3 "), (b"prefer", b"b"), (b"odd", b"\xe9")]
    request = Request({"type": "http", "headers": given})
    assert headers.find(request.scope, b"prefer") == "wait=3"
    assert headers.find(request.scope, b"odd") == "é"
    assert headers.find(request.scope, b"authorization") == ""
