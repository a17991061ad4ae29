"""`Idempotency-Key`: a request that is sent twice is taken once."""

from __future__ import annotations

import hashlib
import re

from starlette.requests import Request

from gesso.domain.errors import InvalidOrder
from gesso.domain.order import Repeatable

_KEY = re.compile(r"[\x21-\x7e]{1,191}")


def read_repeatable(request: Request, raw: bytes) -> Repeatable | None:
    """Return the key of a request, bound to its path and body; raises InvalidOrder."""
    name = request.headers.get("idempotency-key", "").strip()
    if not name:
        return None
    if _KEY.fullmatch(name) is None:
        raise InvalidOrder(
            "Idempotency-Key has 1-191 visible ASCII characters", param="Idempotency-Key"
        )
    # The path is part of the request: the same body on another path asks for something else.
    digest = hashlib.sha256(request.scope["path"].encode() + b"\0" + raw).digest()
    return Repeatable(name, digest)
