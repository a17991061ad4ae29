"""Tell who sends a request, from the key that it carries."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAuthenticated
from gesso.kit import clock
from gesso.storage import keys
from gesso.storage.database import Database

#: How long a key's row is believed; a revoked key works at most this much longer.
_BELIEVE_S = 1.0
_ANY_TIME = datetime.min.replace(tzinfo=UTC)
#: Most keys kept at hand. Unknown keys are not kept, so strangers cannot fill this.
_KEEP = 10_000


class Authenticator:
    """Looks keys up, keeping the recent ones at hand."""

    def __init__(self, database: Database) -> None:
        """Hold the database."""
        self._database = database
        self._known: dict[str, tuple[ApiKey, float]] = {}
        self._asked: dict[str, asyncio.Future[ApiKey | None]] = {}

    async def authenticate(self, secret: str | None, address: str | None) -> ApiKey:
        """Return the key's owner and limits; raises NotAuthenticated or NotAllowed."""
        if not secret:
            raise NotAuthenticated("a key is needed: Authorization: Bearer sk-…")
        key = self.known(secret, address)
        if key is not None:
            return key
        key = await self._find(secret)
        if key is None:
            # Clients of the OpenAI wire tell a bad key from a bad request by these first words.
            raise NotAuthenticated("Incorrect API key provided: this key is not known")
        return _checked(key, address)

    def known(self, secret: str | None, address: str | None) -> ApiKey | None:
        """Like `authenticate`, of a key that was read a moment ago; None for all others."""
        known = self._known.get(secret) if secret else None
        if known is None or time.monotonic() - known[1] >= _BELIEVE_S:
            return None
        return _checked(known[0], address)

    def forget(self) -> None:
        """Believe nothing any more, nor what is just being read: a key was changed here."""
        self._known = {}
        self._asked = {}

    async def _find(self, secret: str) -> ApiKey | None:
        # Requests that arrive while a key is being read share the one query.
        asking = self._asked
        asked = asking.get(secret)
        if asked is None:
            asked = asyncio.ensure_future(self._read(secret))
            asking[secret] = asked
            asked.add_done_callback(lambda _: asking.pop(secret, None))
        return await asyncio.shield(asked)

    async def _read(self, secret: str) -> ApiKey | None:
        known = self._known
        async with self._database.reading() as connection:
            key = await keys.find_by_secret(connection, secret, clock.now())
        known.pop(secret, None)
        if key is not None:
            if len(known) >= _KEEP:
                known.clear()
            known[secret] = (key, time.monotonic())
        return key


def _checked(key: ApiKey, address: str | None) -> ApiKey:
    """Return a key that may be used now from an address; raises NotAuthenticated or NotAllowed."""
    # Most keys have no end, and the time is not looked up for them.
    key.check_usable(clock.now() if key.expires_at is not None else _ANY_TIME)
    key.check_address(address)
    return key
