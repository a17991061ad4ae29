"""Signatures: Standard Webhooks for callbacks, expiring links for pictures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random_secrets
from collections.abc import Mapping, Sequence

_PREFIX = "whsec_"
#: A receiver refuses a callback whose time is further off than this.
TOLERANCE_S = 300


def new_secret() -> str:
    """Draw a webhook secret in the form of Standard Webhooks."""
    return _PREFIX + base64.b64encode(random_secrets.token_bytes(24)).decode()


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of Standard Webhooks.

    Several secrets sign at once, so that a receiver may rotate its secret without a gap.
    Raises ValueError when there is no secret, or one that could not have signed anything.
    """
    if isinstance(secrets, str) or not secrets:
        raise ValueError("a list of at least one webhook secret is needed")
    signatures = [_signature(secret, message_id, timestamp, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{s}" for s in signatures),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: int) -> bool:
    """Say whether a callback carries a valid and fresh signature of this secret.

    Raises ValueError for a broken secret: that is our mistake, not the sender's.
    """
    _key(secret)
    given = headers.get("webhook-signature", "").encode(errors="surrogatepass").split()
    stamp = headers.get("webhook-timestamp", "")
    if not (_is_epoch(stamp) and "webhook-id" in headers):
        return False
    expected = f"v1,{_signature(secret, headers['webhook-id'], int(stamp), body)}".encode()
    fresh = abs(now - int(stamp)) <= TOLERANCE_S
    known = [hmac.compare_digest(expected, one) for one in given]
    return fresh and any(known)


def _signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode(errors="surrogatepass") + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("a webhook secret is base64 behind whsec_") from error
    if not key:
        # An empty key would sign, and everybody could sign with it.
        raise ValueError("a webhook secret must not be empty")
    return key


def sign_link(secret: bytes, path: str, expires: int) -> str:
    """Return the query that lets its holder read `path` until `expires` (epoch seconds)."""
    return f"expires={expires}&signature={_link_signature(secret, path, expires)}"


def check_link(secret: bytes, path: str, expires: str, signature: str, *, now: int) -> bool:
    """Say whether a link's query is ours and has not expired."""
    if not _is_epoch(expires):
        return False
    expected = _link_signature(secret, path, int(expires)).encode()
    good = hmac.compare_digest(expected, signature.encode(errors="surrogatepass"))
    return good and now <= int(expires)


def _link_signature(secret: bytes, path: str, expires: int) -> str:
    content = f"{path}\n{expires}".encode(errors="surrogatepass")
    digest = hmac.new(secret, content, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:18]).decode()


def _is_epoch(text: str) -> bool:
    """Say whether a stranger's text is a plain number of seconds, safe to convert."""
    return text.isascii() and text.isdigit() and len(text) <= 12
