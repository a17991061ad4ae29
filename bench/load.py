"""A load client: keep-alive connections that send one prepared request after another.

One thread and no event loop, because the client shares its cores with the upstream: what it saves,
the fastest gateway gets to show.
"""

from __future__ import annotations

import selectors
import socket
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass

_PIECE = 65536
_SILENCE_S = 60.0


@dataclass(frozen=True)
class Load:
    """What a run of the client saw."""

    requests: int
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests answered per second."""
        return self.requests / self.seconds


def request(method: str, path: str, key: str, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of one request; underscores in the names of headers become dashes."""
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
    head += "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Line:
    """One connection and the answer that is on its way."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = self._connect()
        self.sent_at = 0.0
        self._data = b""

    def send(self, data: bytes) -> None:
        """Send a request; it is small, so that the socket takes it whole."""
        self._data, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(data)

    def read(self) -> bytes | None:
        """Take what has come: the whole answer once it is there, else None.

        Raises ConnectionError when the other side has hung up.
        """
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise ConnectionResetError
        self._data += piece
        return self._data if _is_whole(self._data) else None

    def reconnect(self) -> None:
        """Begin again on a new socket."""
        self.socket.close()
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        new = socket.create_connection(("127.0.0.1", self.port), timeout=_SILENCE_S)
        new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Python asks the kernel twice for every piece of a socket with a timeout.
        new.settimeout(None)
        return new


def _is_whole(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    _, named, rest = head.partition(b"\r\ncontent-length:")
    if named:
        return len(data) >= end + 4 + int(rest.partition(b"\r\n")[0])
    return data.endswith(b"\r\n0\r\n\r\n")


def _is_error(answer: bytes) -> bool:
    return not answer.startswith(b"HTTP/1.1 200") or b'\r\n\r\n{"code":4' in answer


def run(
    port: int, make: Callable[[], bytes], *, connections: int, seconds: float, most: int = 0
) -> Load:
    """Send requests over many connections for a while, or `most` of them when that is given.

    An error is anything but a 200, and a connection that broke. Raises TimeoutError when nothing
    comes for a minute.
    """
    selector, times = selectors.DefaultSelector(), array("d")
    errors, left, started = 0, most or 1 << 62, time.perf_counter()
    end = started + seconds if not most else float("inf")

    def next_of(line: _Line) -> None:
        nonlocal left
        if left > 0 and time.perf_counter() < end:
            left -= 1
            line.send(make())
        else:
            selector.unregister(line.socket)
            line.socket.close()

    for _ in range(connections):
        line = _Line(port)
        selector.register(line.socket, selectors.EVENT_READ, line)
        next_of(line)
    while selector.get_map():
        ready = selector.select(_SILENCE_S)
        if not ready:
            raise TimeoutError("no answer for a minute")
        for key, _ in ready:
            line = key.data
            try:
                answer = line.read()
            except ConnectionError:
                selector.unregister(line.socket)
                line.reconnect()
                selector.register(line.socket, selectors.EVENT_READ, line)
                answer = b""
            if answer is not None:
                times.append(time.perf_counter() - line.sent_at)
                errors += _is_error(answer)
                next_of(line)
    return _load(times, errors, time.perf_counter() - started)


def _load(times: array[float], errors: int, took: float) -> Load:
    found = sorted(times)
    middle, late = found[len(found) // 2], found[len(found) * 99 // 100]
    return Load(len(found), errors, took, middle * 1000, late * 1000)
