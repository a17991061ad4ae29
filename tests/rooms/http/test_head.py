"""Header lines: nothing gets into a head that uvicorn would keep out of it."""

from __future__ import annotations

import pytest
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE

from gesso.http import head
from gesso.http.head import write_lines, write_whole


@pytest.fixture(autouse=True)
def _strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with no name met."""
    monkeypatch.setattr(head, "_starts", {})


def _accepts(name: bytes, value: bytes) -> bool:
    try:
        write_lines([(b"vary", b"Origin"), (name, value)])
    except RuntimeError:
        return False
    return True


def test_lines_follow_each_other_with_names_in_small_letters() -> None:
    wanted = b"\r\ncontent-type: text/plain\r\nx-empty: \r\nx-tab: a\tb\r\nx-high: \xe9"
    headers = [
        (b"Content-Type", b"text/plain"),
        (b"x-empty", b""),
        (b"X-TAB", b"a\tb"),
        (b"x-high", b"\xe9"),
    ]
    assert write_lines(headers) == (wanted, [])
    assert write_lines(headers) == (wanted, [])  # Names that were met.
    assert write_lines([]) == (b"", [])


def test_what_frames_the_body_is_told() -> None:
    lines, framing = write_lines(
        [(b"Content-Length", b"3"), (b"x-a", b"b"), (b"connection", b"Close")]
    )
    assert lines == b"\r\ncontent-length: 3\r\nx-a: b\r\nconnection: Close"
    assert framing == [(b"content-length", b"3"), (b"connection", b"Close")]
    assert write_lines([(b"Transfer-Encoding", b"chunked")])[1] == [
        (b"transfer-encoding", b"chunked")
    ]


@pytest.mark.parametrize("name", [b"x-note", b"content-length", b"Connection"])
@pytest.mark.parametrize("place", ["{}", "a{}", "{}b", "a{}b"])
def test_a_value_has_the_bytes_that_uvicorn_lets_through(name: bytes, place: str) -> None:
    around = place.encode().split(b"{}")
    for byte in range(256):
        value = bytes([byte]).join(around)
        assert _accepts(name, value) == (HEADER_VALUE_RE.search(value) is None), value


@pytest.mark.parametrize(
    "value",
    [
        b"a\r\nset-cookie: a=b",
        b"a\r\n\r\n<script>",
        b"\r\n",
        b"\n",
        b"\r",
        b"a\nx: y",
        b"a\rx: y",
        b"a\0b",
        b"\r\n folded",
    ],
)
def test_no_value_brings_a_line_of_its_own(value: bytes) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="header value"):
            write_lines([(b"x-note", value)])
    # Nor do two that have half of a line end each.
    with pytest.raises(RuntimeError, match="header value"):
        write_lines([(b"x-note", b"a\r"), (b"x-more", b"\nb")])


def test_a_name_has_the_bytes_that_uvicorn_lets_through() -> None:
    for byte in range(256):
        name = b"x" + bytes([byte]) + b"y"
        for _ in range(2):
            assert _accepts(name, b"fine") == (HEADER_RE.search(name) is None), name


def test_a_refused_name_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="header name"):
            write_lines([(b"x\r\ny", b"fine")])


def test_memory_for_names_has_an_end() -> None:
    for number in range(1000):
        name = b"X-Upstream-%d" % number
        wanted = b"\r\nx-upstream-%d: v" % number
        assert write_lines([(name, b"v")])[0] == wanted
        assert write_lines([(name, b"v")])[0] == wanted
    long = b"x" * 10_000
    assert write_lines([(long, b"v")])[0] == b"\r\n" + long + b": v"
    assert len(head._starts) <= 256
    assert long not in head._starts


def test_a_whole_answer_has_its_length_in_the_middle_once_all_names_were_met() -> None:
    before, after = [(b"X-A", b"1"), (b"x-b", b"2")], [(b"x-c", b"3")]
    assert write_whole(before, 7, after) is None
    write_lines(before)
    assert write_whole(before, 7, after) is None
    write_lines(after)
    wanted = b"\r\nx-a: 1\r\nx-b: 2\r\ncontent-length: 7\r\nx-c: 3"
    assert write_whole(before, 7, after) == wanted
    assert write_whole([], 0, []) == b"\r\ncontent-length: 0"


@pytest.mark.parametrize("name", [b"Content-Length", b"connection", b"transfer-encoding"])
def test_a_whole_answer_that_frames_itself_is_looked_at_closer(name: bytes) -> None:
    write_lines([(name, b"1")])
    assert write_whole([(name, b"1")], 7, []) is None
    assert write_whole([], 7, [(name, b"1")]) is None


def test_no_value_of_a_whole_answer_brings_a_line_of_its_own() -> None:
    write_lines([(b"x-a", b""), (b"x-b", b"")])
    for byte in range(256):
        value = b"a" + bytes([byte]) + b"b"
        fine = HEADER_VALUE_RE.search(value) is None
        assert (write_whole([(b"x-a", value)], 7, []) is not None) == fine
        assert (write_whole([], 7, [(b"x-b", value)]) is not None) == fine
    assert write_whole([(b"x-a", b"a\r")], 7, [(b"x-b", b"\nb")]) is None
