"""ID tokens of OpenID Connect: is it signed by the issuer, is it for us, is it fresh.

Only signatures with a key pair are believed. `none` and the HS family are not on the list, so a
token cannot be "signed" with the public key that everybody can fetch.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

#: Algorithms that are believed, and the kind of key that each needs (RFC 7518, section 3.1).
ALGORITHMS: Mapping[str, str] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
}
#: Most keys of an issuer that are looked at; each is tried when a token names none.
_MOST_KEYS = 32
_RSA_BITS = 2048
#: How far the clocks of issuer and gateway may be apart.
LEEWAY_S = 60

Key = RSAKey | ECKey
_KINDS: Mapping[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}


class TokenRefused(Exception):
    """The token is not believed; the text says why, and holds nothing of the token."""


class UnknownKey(TokenRefused):
    """The token names a key that is not among the known ones: they may have been renewed."""


class _Jwks(msgspec.Struct):
    keys: list[Any]


def read_keys(document: bytes) -> tuple[Key, ...]:
    """Return the keys of a JWKS that can check signatures; raises ValueError for no JWKS.

    A key of another kind, use or shape, and RSA of less than 2048 bits, are left out.
    """
    rows = msgspec.json.decode(document, type=_Jwks).keys
    found = [_read_key(row) for row in rows[:_MOST_KEYS]]
    return tuple(key for key in found if key is not None)


def _read_key(row: Any) -> Key | None:
    if not isinstance(row, dict) or row.get("use", "sig") != "sig":
        return None
    kind = _KINDS.get(str(row.get("kty")))
    try:
        key = kind.import_key(row) if kind is not None else None
        if isinstance(key, RSAKey) and key.raw_value.key_size < _RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, LookupError):
        return None
    return key


def verify(
    token: str, keys: Sequence[Key], *, issuer: str, audience: str, nonce: str, now_s: int
) -> dict[str, Any]:
    """Return the claims of a token; raises TokenRefused, or UnknownKey when others may be.

    Checks what OpenID Connect Core 1.0, section 3.1.3.7 asks for.
    """
    claims = _open(token, keys)
    rules = jwt.JWTClaimsRegistry(
        now=now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise TokenRefused(str(error)[:200]) from error
    _check_party(claims, audience)
    given = claims.get("nonce")
    if not isinstance(given, str) or not _is_same(given, nonce):
        raise TokenRefused("the nonce is another one")
    return claims


def _is_same(given: str, nonce: str) -> bool:
    # JSON can spell halves of characters, which plain UTF-8 refuses.
    return hmac.compare_digest(given.encode(errors="surrogatepass"), nonce.encode())


def _open(token: str, keys: Sequence[Key]) -> dict[str, Any]:
    """Return the claims once a key has signed them."""
    # Issuers add headers of their own; those that must be understood (`crit`) are still refused.
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        header = jws.extract_compact(token.encode(), registry=registry).headers()
        for key in _candidates(header, keys):
            try:
                return jwt.decode(token, key, registry=registry).claims
            except JoseError as error:
                refusal = error
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused(f"the token cannot be read: {str(error)[:200]}") from error
    raise TokenRefused(f"the signature is wrong: {str(refusal)[:200]}") from refusal


def _candidates(header: Mapping[str, Any], keys: Sequence[Key]) -> list[Key]:
    """Return the keys that may have signed; raises TokenRefused when there cannot be one."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused(f"the algorithm {str(algorithm)[:20]!r} is not believed")
    fitting = [
        key
        for key in keys
        if key.key_type == ALGORITHMS[algorithm]
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.kid == kid)
    ]
    if not fitting:
        raise UnknownKey("the issuer has no such key")
    return fitting


def _check_party(claims: Mapping[str, Any], audience: str) -> None:
    """Refuse a token that was given to another party and only names us as well."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    party = claims.get("azp")
    if party != audience and (party is not None or several):
        raise TokenRefused("the token was given to another party")
