"""The head of a request, as it goes out: where its URL leads, and its lines."""

from __future__ import annotations

import functools
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from gesso.upstream.transfer import Sent, Unusable

_SCHEMES = {"http": 80, "https": 443}


class Place(NamedTuple):
    """Where connections go."""

    scheme: str
    host: str
    port: int


@functools.lru_cache(maxsize=1024)
def read_url(url: str) -> tuple[Place, str, str]:
    """Return where a URL leads, what is asked for there, and the login that stands in it."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError as error:
        raise Unusable("the URL cannot be read") from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if scheme not in _SCHEMES or not host or not _is_plain(target):
        raise Unusable("the URL cannot be called")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise Unusable("the host's name cannot be read") from error
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return Place(scheme, host, port or _SCHEMES[scheme]), target, "" if login == ":" else login


def write_head(sent: Sent, place: Place, target: str, login: str) -> bytes:
    """Return the head of a request."""
    name = f"[{place.host}]" if ":" in place.host else place.host
    if place.port != _SCHEMES[place.scheme]:
        name = f"{name}:{place.port}"
    lines = [f"{sent.method} {target} HTTP/1.1", f"host: {name}", "user-agent: gesso"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    if login and "authorization" not in sent.headers:
        lines.append(f"authorization: Basic {b64encode(login.encode()).decode()}")
    size = len(sent.body) if isinstance(sent.body, bytes) else sent.size_bytes
    if size is None:
        lines.append("transfer-encoding: chunked")
    elif size or sent.method not in {"GET", "DELETE"}:
        lines.append(f"content-length: {size}")
    text = "\n".join(lines)
    if "\r" in text or "\0" in text or text.count("\n") != len(lines) - 1:
        raise Unusable("a header has a line break")
    return (text.replace("\n", "\r\n") + "\r\n\r\n").encode()


def _is_plain(target: str) -> bool:
    return target.isascii() and target.isprintable() and " " not in target
