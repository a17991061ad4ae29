"""Header → caller: which key a request carries, in every spelling that clients use."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Scope

from gesso.domain.caller import ApiKey, Role
from gesso.domain.errors import NotAllowed
from gesso.http import headers
from gesso.http.limits import Pace
from gesso.services.authenticate import Authenticator


def read_secret(scope: Scope) -> str | None:
    """Return the key of `Authorization: Bearer …` or `mj-api-secret: …`, or None."""
    authorization = headers.find(scope, b"authorization")
    # As nearly everybody writes it.
    if authorization.startswith("Bearer ") and (secret := authorization[7:].lstrip()):
        return secret
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return rest.strip()
    # Some clients of the Midjourney wire send the key without the scheme.
    if authorization and not rest:
        return authorization
    return headers.find(scope, b"mj-api-secret") or None


class Doorkeeper:
    """Lets callers in."""

    def __init__(self, authenticator: Authenticator, pace: Pace) -> None:
        """Hold who knows the keys and how often they may knock."""
        self._authenticator = authenticator
        self._pace = pace

    async def admit(self, request: Request) -> ApiKey:
        """Return the caller's key; raises NotAuthenticated, NotAllowed or RateLimited."""
        scope = request.scope
        key = await self._authenticator.authenticate(read_secret(scope), _address(scope))
        self._pace.check(key)
        return key

    def admit_known(self, scope: Scope) -> ApiKey | None:
        """Like `admit`, of a caller who was here a moment ago; None for all others."""
        key = self._authenticator.known(read_secret(scope), _address(scope))
        if key is not None:
            self._pace.check(key)
        return key

    def pace(self, key: ApiKey) -> tuple[int, int, float] | None:
        """Return a key's limit of requests, what is left, and seconds until it is full again."""
        return self._pace.left(key)

    async def admit_admin(self, request: Request) -> ApiKey:
        """Like `admit`, but only for admin keys."""
        key = await self.admit(request)
        if key.role is not Role.ADMIN:
            raise NotAllowed("this needs an admin key")
        return key


def _address(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None
