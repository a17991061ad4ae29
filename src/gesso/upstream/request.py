"""The head of a request, as it goes out: where its URL leads, and its lines."""

from __future__ import annotations

import functools
import re
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from gesso.upstream.transfer import Sent, Unusable

_SCHEMES = {"http": 80, "https": 443}
#: What no URL has: control characters, and halves of characters.
_ODD = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
#: What stands in a target as it is; all else (spaces, letters beyond ASCII) is escaped.
_PLAIN = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~"


class Place(NamedTuple):
    """Where connections go."""

    scheme: str
    host: str
    port: int


@functools.lru_cache(maxsize=1024)
def read_url(url: str) -> tuple[Place, str, str]:
    """Return where a URL leads, what is asked for there, and the login that stands in it.

    Raises Unusable.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = quote(target, safe=_PLAIN)
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError as error:
        raise Unusable from error
    # `urlsplit` leaves line breaks out, and somebody else may not.
    if scheme not in _SCHEMES or not host or " " in host or _ODD.search(url):
        raise Unusable
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    place = Place(scheme, host, _SCHEMES[scheme] if port is None else port)
    return place, target, "" if login == ":" else login


def write_head(sent: Sent, place: Place, target: str, login: str) -> bytes:
    """Return the head of a request; raises Unusable."""
    start = _start(sent.method, place, target, login, tuple(sent.headers.items()))
    size = len(sent.body) if isinstance(sent.body, bytes) else sent.size_bytes
    if size is None:
        return start + b"transfer-encoding: chunked\r\n\r\n"
    if size or sent.method not in {"GET", "DELETE"}:
        return start + b"content-length: %d\r\n\r\n" % size
    return start + b"\r\n"


# Kept: calls of one channel and key differ in their sizes alone.
@functools.lru_cache(maxsize=256)
def _start(
    method: str, place: Place, target: str, login: str, headers: tuple[tuple[str, str], ...]
) -> bytes:
    """Return all of a head but what it says of the body."""
    name = f"[{place.host.partition('%')[0]}]" if ":" in place.host else place.host
    if place.port != _SCHEMES[place.scheme]:
        name = f"{name}:{place.port}"
    lines = [f"{method} {target} HTTP/1.1", f"host: {name}", "user-agent: gesso"]
    lines += [f"{name}: {value}" for name, value in headers]
    if login and not any(name == "authorization" for name, _ in headers):
        lines.append(f"authorization: Basic {b64encode(login.encode()).decode()}")
    text = "\n".join(lines)
    # What stood behind a line break would be a header, or a request, of its own.
    if "\r" in text or "\0" in text or text.count("\n") != len(lines) - 1:
        raise Unusable
    try:
        return (text.replace("\n", "\r\n") + "\r\n").encode()
    except UnicodeEncodeError as error:
        raise Unusable from error
