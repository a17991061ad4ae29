"""ID tokens, signed with real keys."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from gesso.kit.id_token import TokenRefused, UnknownKey, read_keys, verify

NOW_S = 1_800_000_000
ISSUER, CLIENT, NONCE = "https://issuer.example.com", "gesso", "n-1"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
GOOD: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT, "sub": "ann", "exp": NOW_S + 300, "iat": NOW_S, "nonce": NONCE,
}  # fmt: skip


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


KEYS = read_keys(jwks(RSA.as_dict(private=False), EC.as_dict(private=False)))


def signed(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **more: Any) -> str:
    header = {"alg": algorithm} | ({} if kid is None else {"kid": kid})
    claims = {name: value for name, value in (GOOD | more).items() if value is not None}
    return jws.serialize_compact(header, json.dumps(claims), key, algorithms=[algorithm])


def check(token: str) -> dict[str, Any]:
    return verify(token, KEYS, issuer=ISSUER, audience=CLIENT, nonce=NONCE, now_s=NOW_S)


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(kid=None),
        signed(algorithm="PS384"),
        signed(EC, "ES256", "ec"),
        signed(aud=[CLIENT, "other"], azp=CLIENT),
        signed(exp=NOW_S - 30),
    ],
    ids=["rsa", "no kid", "pss", "ec", "two audiences", "clocks apart"],
)
def test_good_tokens(token: str) -> None:
    assert check(token)["sub"] == "ann"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://other.example.com"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": [CLIENT, "other"]}, "another party"),
        ({"azp": "other"}, "another party"),
        ({"exp": NOW_S - 61}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "later"}, "exp"),
        ({"iat": NOW_S + 120}, "future"),
        ({"nbf": NOW_S + 120}, "not yet valid"),
        ({"nonce": "n-2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 1}, "nonce"),
        ({"nonce": "\ud800"}, "nonce"),
        ({"sub": ""}, "sub"),
        ({"sub": None}, "sub"),
    ],
    ids=str,
)
def test_tokens_that_are_not_for_us(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenRefused, match=reason):
        check(signed(**changed))


def unsigned(algorithm: str) -> str:
    parts = ({"alg": algorithm, "kid": "rsa"}, GOOD)
    plain = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*plain, ""])


def test_signatures_that_are_not_believed() -> None:
    foreign = RSAKey.generate_key(2048, {"kid": "rsa"})
    with pytest.raises(TokenRefused, match="signature"):
        check(signed(foreign))
    with pytest.raises(UnknownKey):
        check(signed(foreign, kid="new"))
    with pytest.raises(UnknownKey):
        check(signed(EC, "ES256", "rsa"))
    for algorithm in ("none", "None", "HS256"):
        with pytest.raises(TokenRefused, match="not believed"):
            check(unsigned(algorithm))
    # The public key as the secret of an HMAC: the attack that an open list of algorithms allows.
    public = OctKey.import_key(json.dumps(RSA.as_dict(private=False)))
    with pytest.raises(TokenRefused, match="not believed"):
        check(signed(public, "HS256"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "…", signed() + ".x", "a" * 300_000])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(TokenRefused):
        check(token)


def test_keys_that_check_no_signature_are_left_out() -> None:
    weak = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xff" * 128).decode(), "e": "AQAB"}
    others: list[Any] = [
        EC.as_dict(private=False) | {"use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA"},
        {"kty": "RSA"},
        {"kty": ["RSA"]},
        weak,
        None,
    ]
    assert [key.kid for key in read_keys(jwks(*others, RSA.as_dict(private=False)))] == ["rsa"]
    for broken in (b"", b"[]", b"<html>", b'{"keys": 1}', b"{}"):
        with pytest.raises(msgspec.DecodeError):
            read_keys(broken)
