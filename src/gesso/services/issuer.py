"""Ask an OpenID Connect issuer who somebody is: authorization code flow with PKCE.

What the issuer says about itself and its keys is kept for an hour; calls go through the guard,
so an answer cannot lead us to a private address that the operator did not allow.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
import structlog

from gesso.domain.errors import IssuerUnavailable, NotAuthenticated
from gesso.kit import id_token
from gesso.kit.id_token import Key, TokenRefused, UnknownKey
from gesso.kit.web import Answer, Guard, WebRefused, WebUnavailable

log = structlog.get_logger()
T = TypeVar("T")

KEEP_S = 3600.0
#: An unknown key has the keys fetched again, but not more often than this.
RENEW_S = 10.0
_MAX_BYTES = 256 * 1024
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Client:
    """What this gateway is to the issuer."""

    issuer: str  #: URL.
    id: str
    secret: str  #: Empty for a public client.
    scopes: str
    redirect_url: str  #: Where the issuer sends people back to.
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What ties an answer of the issuer to the browser that asked."""

    state: str
    nonce: str
    verifier: str  #: Of PKCE (RFC 7636); the issuer saw only its hash.


class _Described(msgspec.Struct):
    """What is used of the discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


class Issuer:
    """Speaks to one issuer."""

    def __init__(self, client: Client, guard: Guard) -> None:
        """Hold who we are there and who calls; nothing is fetched before it is needed."""
        self._client = client
        self._guard = guard
        self._described = _Kept(self._describe)
        self._keys = _Kept(self._fetch_keys)

    async def check(self) -> int:
        """Ask the issuer for what it says of itself; returns the number of its keys.

        Raises IssuerUnavailable.
        """
        return len(await self._keys.get())

    async def address(self, proof: Proof) -> str:
        """Return where a browser goes to log in; raises IssuerUnavailable."""
        described = await self._described.get()
        digest = hashlib.sha256(proof.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_url,
            "scope": self._client.scopes,
            "state": proof.state,
            "nonce": proof.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(described.authorization_endpoint).query else "?"
        return described.authorization_endpoint + joint + urlencode(query)

    async def redeem(
        self, code: str, proof: Proof, is_enough: Callable[[Mapping[str, Any]], bool]
    ) -> dict[str, Any]:
        """Return the claims of who logged in; raises NotAuthenticated or IssuerUnavailable.

        When those of the ID token are not enough, the userinfo endpoint is asked for more.
        """
        described = await self._described.get()
        tokens = await self._exchange(described, code, proof)
        claims = await self._verify(described, tokens.id_token, proof.nonce)
        asks = described.userinfo_endpoint and tokens.access_token
        if asks and not is_enough(claims):
            claims = await self._ask_userinfo(described, tokens.access_token, claims)
        return claims

    async def _exchange(self, described: _Described, code: str, proof: Proof) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_url,
            "client_id": self._client.id,
            "code_verifier": proof.verifier,
        }
        headers = {"content-type": _FORM, "accept": "application/json"}
        methods = described.token_endpoint_auth_methods_supported
        if self._client.secret and "client_secret_basic" in methods:
            # Each half is form-encoded first (RFC 6749, section 2.3.1).
            pair = f"{quote_plus(self._client.id)}:{quote_plus(self._client.secret)}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self._client.secret:
            form["client_secret"] = self._client.secret
        answer = await self._post(described.token_endpoint, urlencode(form).encode(), headers)
        if answer.status == 400 and b"invalid_grant" in answer.body:
            raise NotAuthenticated("the issuer takes this log-in no more; begin again")
        return _decode(answer, _Tokens)

    async def _verify(self, described: _Described, token: str, nonce: str) -> dict[str, Any]:
        try:
            try:
                return self._check(described, token, nonce, await self._keys.get())
            except UnknownKey:
                keys = await self._keys.get(oldest_s=RENEW_S)
                return self._check(described, token, nonce, keys)
        except TokenRefused as error:
            log.warning("id_token_refused", reason=str(error))
            raise NotAuthenticated(f"the issuer's ID token is not believed: {error}") from error

    def _check(
        self, described: _Described, token: str, nonce: str, keys: tuple[Key, ...]
    ) -> dict[str, Any]:
        return id_token.verify(
            token,
            keys,
            issuer=described.issuer,
            audience=self._client.id,
            nonce=nonce,
            now_s=int(time.time()),
        )

    async def _ask_userinfo(
        self, described: _Described, access_token: str, claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {access_token}", "content-type": _FORM}
        more = _decode(await self._post(described.userinfo_endpoint, b"", headers), dict[str, Any])
        if more.get("sub") != claims["sub"]:
            raise NotAuthenticated("the issuer tells of somebody else")
        # What was signed counts more.
        return more | dict(claims)

    async def _describe(self) -> _Described:
        url = self._client.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = _decode(await self._get(url), _Described)
        if found.issuer.rstrip("/") != self._client.issuer.rstrip("/"):
            raise _unavailable(f"it calls itself {found.issuer[:200]!r}")
        schemes = ("https://", "http://") if self._client.issuer[:5] == "http:" else ("https://",)
        endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        for one in (*endpoints, found.userinfo_endpoint or schemes[0]):
            if not one.startswith(schemes):
                raise _unavailable(f"an endpoint is not https: {one[:200]!r}")
        return found

    async def _fetch_keys(self) -> tuple[Key, ...]:
        answer = await self._get((await self._described.get()).jwks_uri)
        try:
            return id_token.read_keys(_checked(answer))
        except ValueError as error:
            raise _unavailable(f"its keys cannot be read: {error}") from error

    async def _get(self, url: str) -> Answer:
        timeout_s = self._client.timeout_s
        return await _call(self._guard.get(url, max_bytes=_MAX_BYTES, timeout_s=timeout_s))

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        timeout_s = self._client.timeout_s
        return await _call(
            self._guard.post(url, body, headers=headers, timeout_s=timeout_s, max_bytes=_MAX_BYTES)
        )


class _Kept(Generic[T]):
    """A value that is fetched when it is needed and old; who waits meanwhile shares the call."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._value: tuple[T, float] | None = None
        self._asked: asyncio.Future[T] | None = None

    async def get(self, *, oldest_s: float = KEEP_S) -> T:
        if self._value is not None and time.monotonic() - self._value[1] < oldest_s:
            return self._value[0]
        if self._asked is None:
            self._asked = asyncio.ensure_future(self._read())
            self._asked.add_done_callback(self._let_go)
        return await asyncio.shield(self._asked)

    async def _read(self) -> T:
        value = await self._fetch()
        self._value = (value, time.monotonic())
        return value

    def _let_go(self, asked: asyncio.Future[T]) -> None:
        self._asked = None
        if not asked.cancelled():
            asked.exception()  # Seen, also when whoever waited has gone.


async def _call(calling: Awaitable[Answer]) -> Answer:
    try:
        return await calling
    except (WebRefused, WebUnavailable) as error:
        raise _unavailable(str(error)) from error


def _checked(answer: Answer) -> bytes:
    if answer.status != 200:
        raise _unavailable(f"HTTP {answer.status}: {answer.body[:200]!r}")
    return answer.body


def _decode(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_checked(answer), type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _unavailable(f"an answer cannot be read: {error}") from error


def _unavailable(reason: str) -> IssuerUnavailable:
    """Return the error for strangers; the reason, which may name hosts, is for the log."""
    log.warning("issuer_failed", reason=reason[:500])
    return IssuerUnavailable()
