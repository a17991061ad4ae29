"""A multipart body, taken apart. Pure.

It was written by gesso itself with a boundary that nobody can guess, so that splitting at
the boundary is exact.
"""

from __future__ import annotations

import re

_NAME = re.compile(r'[;\s]name="([^"]*)"')


def read_form(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the parts by name; of several with one name, the first."""
    boundary = content_type.rpartition("boundary=")[2].strip('"').encode()
    found: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, _, data = part.partition(b"\r\n\r\n")
        name = _NAME.search(head.decode("utf-8", "replace"))
        if name:
            found.setdefault(name[1], data)
    return found
