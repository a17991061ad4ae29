"""The head of an answer, with its header lines looked at all at once.

uvicorn looks every name and every value up in a pattern of its own, two dozen searches an
answer. Here a name is looked at when it is first met, and what stands in the lines is deleted
except for control characters: if more is left than the line ends, somebody wrote one into a
value. Which characters those are is uvicorn's word.
"""

from __future__ import annotations

from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE

#: Every byte that a value may have.
_FINE = bytes(byte for byte in range(256) if not HEADER_VALUE_RE.match(bytes([byte])))

#: What begins a line that says how the body is told apart from what follows, or what becomes of
#: the connection; by its name.
FRAMING = {
    name: b"\r\n" + name + b": "
    for name in (b"content-length", b"transfer-encoding", b"connection")
}

#: How many names are remembered. Relayed answers bring an upstream's own, so there is an end to it.
_MOST_NAMES = 256

#: Longer names are not remembered, in bytes.
_LONG_BYTES = 64

_starts: dict[bytes, bytes] = {}


def write_lines(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the lines of some headers, each with its line end before it, and those of `FRAMING`.

    Names are written in small letters. Raises `RuntimeError` for a name or a value that may
    not stand in a head, as the server does.
    """
    parts: list[bytes] = []
    framing: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        start = _starts.get(name)
        if start is None:
            lower = name.lower()
            start = FRAMING.get(lower)
            if start is None:
                start = _meet(name, lower)
            else:
                framing.append((lower, value))
        parts.append(start + value)
    lines = b"".join(parts)
    # A start has one line end: two control characters.
    if len(lines.translate(None, _FINE)) != 2 * len(parts):
        raise RuntimeError("Invalid HTTP header value.")
    return lines, framing


def write_whole(
    headers: Iterable[tuple[bytes, bytes]], size_bytes: int, more: Iterable[tuple[bytes, bytes]]
) -> bytes | None:
    """Return the lines of some headers, of a body's length, and of more headers.

    None where a name was not met before or says how the body is framed, or where a value may
    not stand in a head: `write_lines` looks closer.
    """
    try:
        parts = [_starts[name] + value for name, value in headers]
        parts.append(b"\r\ncontent-length: %d" % size_bytes)
        for name, value in more:
            parts.append(_starts[name] + value)
    except KeyError:
        return None
    lines = b"".join(parts)
    return lines if len(lines.translate(None, _FINE)) == 2 * len(parts) else None


def _meet(name: bytes, lower: bytes) -> bytes:
    """Return what begins a name's lines, and remember it while there is room."""
    if HEADER_RE.search(name):
        raise RuntimeError("Invalid HTTP header name.")
    start = b"\r\n" + lower + b": "
    if len(_starts) < _MOST_NAMES and len(name) <= _LONG_BYTES:
        _starts[name] = start
    return start
