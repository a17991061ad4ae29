"""Send one signed message to a receiver that a customer named, and say what came back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from gesso.kit import clock, signing
from gesso.kit.web import Guard, WebRefused, WebUnavailable
from gesso.storage import signing_secrets
from gesso.storage.database import Database
from gesso.storage.deliveries import RESPONSE_CHARS, Try


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one call."""

    as_try: Try
    hopeless: bool = False  #: The URL will never be called, so trying again is of no use.

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: any status of the 200s."""
        return self.as_try.status is not None and 200 <= self.as_try.status < 300

    @property
    def answer(self) -> str:
        """Say in a line what came back."""
        return self.as_try.error or f"HTTP {self.as_try.status}"


class Sender:
    """Signs and posts."""

    def __init__(self, database: Database, guard: Guard, house_secret: str) -> None:
        """Hold where secrets are, who guards private addresses, and the secret of last resort."""
        self._database = database
        self._guard = guard
        self._house_secret = house_secret

    async def post(
        self, url: str, event_id: str, body: bytes, owners: Sequence[str], *, timeout_s: float
    ) -> Posted:
        """Post once, signed with the secrets of the first owner that has any.

        During a rotation the header carries a signature of each valid secret.
        """
        secrets = await self._secrets(owners)
        sent_at = clock.now()
        headers = signing.sign(secrets, event_id, int(sent_at.timestamp()), body)
        headers["content-type"] = "application/json"
        started = time.monotonic()
        status, error, response, hopeless = None, "", "", False
        try:
            answer = await self._guard.post(
                url, body, headers=headers, timeout_s=timeout_s, max_bytes=4096, cut=True
            )
            status = answer.status
            response = answer.body.decode("utf-8", "replace")[:RESPONSE_CHARS]
        except WebRefused as refusal:
            error, hopeless = str(refusal)[:200], True
        except WebUnavailable as failure:
            error = str(failure)[:200] or "no answer"
        duration_ms = round((time.monotonic() - started) * 1000)
        return Posted(Try(sent_at, duration_ms, status, error, response), hopeless)

    async def _secrets(self, owners: Sequence[str]) -> list[str]:
        async with self._database.reading() as connection:
            found = await signing_secrets.find_valid(connection, owners, clock.now())
        for owner in owners:
            if owner in found:
                return [one.secret for one in found[owner]]
        return [self._house_secret]
