"""The head of a request: its line, its host, how long its body is, and what it must not have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from gesso.upstream.request import Place, read_url, write_head
from gesso.upstream.transfer import Sent, Unusable


async def pieces() -> AsyncIterator[bytes]:
    yield b""


def head(
    url: str = "http://a.example/v1",
    method: str = "POST",
    body: Any = b"",
    size_bytes: int | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Return the lines of a request."""
    place, target, login = read_url(url)
    sent = Sent(method, url, headers, body, size_bytes)
    text = write_head(sent, place, target, login).decode()
    assert text.endswith("\r\n\r\n")
    return text.removesuffix("\r\n\r\n").split("\r\n")


@pytest.mark.parametrize(
    ("url", "place", "host"),
    [
        ("http://a.example", Place("http", "a.example", 80), "a.example"),
        ("http://A.Example:80/", Place("http", "a.example", 80), "a.example"),
        ("https://a.example", Place("https", "a.example", 443), "a.example"),
        ("https://a.example:80", Place("https", "a.example", 80), "a.example:80"),
        ("http://a.example:8080", Place("http", "a.example", 8080), "a.example:8080"),
        ("http://a.example:0", Place("http", "a.example", 0), "a.example:0"),
        ("http://[::1]", Place("http", "::1", 80), "[::1]"),
        ("http://[::1]:8080", Place("http", "::1", 8080), "[::1]:8080"),
        ("http://[fe80::1%eth0]", Place("http", "fe80::1%eth0", 80), "[fe80::1]"),
        ("http://u:p@a.example", Place("http", "a.example", 80), "a.example"),
        ("http://bü.example", Place("http", "xn--b-eha.example", 80), "xn--b-eha.example"),
    ],
)  # fmt: skip
def test_the_host_is_named_as_it_is_reached(url: str, place: Place, host: str) -> None:
    assert read_url(url)[0] == place
    assert f"host: {host}" in head(url)


@pytest.mark.parametrize(
    ("rest", "target"),
    [
        ("", "/"),
        ("?a=b", "/?a=b"),
        ("/v1/chat?a=b&c=%20#d", "/v1/chat?a=b&c=%20"),
        ("/v1/é x?q=é", "/v1/%C3%A9%20x?q=%C3%A9"),
        ("/a;b,c:d@e!$&'()*+=~[]", "/a;b,c:d@e!$&'()*+=~[]"),
    ],
)
def test_what_is_asked_for_stands_in_the_first_line(rest: str, target: str) -> None:
    assert head(f"http://a.example{rest}")[0] == f"POST {target} HTTP/1.1"


@pytest.mark.parametrize(
    ("login", "token"),
    [("user:pass", "dXNlcjpwYXNz"), ("u%40x:p%3A", "dUB4OnA6"), ("user", "dXNlcjo=")],
)
def test_a_login_in_the_url_is_sent_unless_there_is_a_key(login: str, token: str) -> None:
    url = f"http://{login}@a.example/"
    assert f"authorization: Basic {token}" in head(url)
    lines = head(url, headers={"authorization": "Bearer key"})
    assert [one for one in lines if "authorization" in one] == ["authorization: Bearer key"]


@pytest.mark.parametrize(
    ("method", "body", "size_bytes", "line"),
    [
        ("POST", b"", None, "content-length: 0"),
        ("PUT", b"", None, "content-length: 0"),
        ("POST", b"abc", None, "content-length: 3"),
        ("POST", pieces, 7, "content-length: 7"),
        ("POST", pieces, 0, "content-length: 0"),
        ("POST", pieces, None, "transfer-encoding: chunked"),
        ("DELETE", b"abc", None, "content-length: 3"),
        ("DELETE", b"", None, None),
        ("GET", b"", None, None),
    ],
)
def test_the_length_of_the_body_is_said_where_there_is_one(
    method: str, body: Any, size_bytes: int | None, line: str | None
) -> None:
    lines = head(method=method, body=body, size_bytes=size_bytes)
    about = [one for one in lines if one.startswith(("content-length", "transfer-encoding"))]
    assert about == ([line] if line else [])


def test_headers_are_sent_as_they_are() -> None:
    assert "x-name: 名 é" in head(headers={"x-name": "名 é"})


@pytest.mark.parametrize(
    "url",
    [
        "", "nonsense", "//a.example", "a.example/v1", "http://", "http:///v1", "http://:80/",
        "file:///etc/passwd", "ftp://a.example", "ws://a.example",
        "http://a.example:x", "http://a.example:70000", "http://[::1", "http://[nonsense]/",
        "http://a b/", "http://é..example/", f"http://{'é' * 80}.example/",
        "http://a.example/\r\nx: y", "http://a.example/\n", "http://a\nb/", "http://a.example/\0",
        "http://a.example/\t", "http://a.example/\x7f", "http://a.example/\ud800",
        "http://u\ud800@a.example/", "http://u\r\n:p@a.example/",
    ],
)  # fmt: skip
def test_what_is_no_url_is_unusable(url: str) -> None:
    with pytest.raises(Unusable):
        read_url(url)


@pytest.mark.parametrize("bad", ["a\r\nb", "a\nb", "a\rb", "a\0b", "a\n", "\ud800"])
@pytest.mark.parametrize("where", ["value", "name", "key", "method"])
def test_a_header_cannot_begin_another(bad: str, where: str) -> None:
    headers = {"value": {"x": bad}, "name": {bad: "x"}, "key": {"authorization": f"Bearer {bad}"}}
    method = f"GET{bad}" if where == "method" else "POST"
    with pytest.raises(Unusable):
        head(method=method, headers=headers.get(where, {}))


def test_a_login_cannot_begin_another_header() -> None:
    # It is packed, whatever stands in it.
    lines = head("http://u%0d%0ax:p@a.example/")
    assert len([one for one in lines if one.startswith("x")]) == 0
    assert len(lines) == 5
