"""A small OpenID Connect issuer on loopback, with real keys, that does what its script says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.serving import serving

CLIENT, SECRET = "gesso", "s3cret/of+the:client"


@dataclass
class Issuer:
    """Who logs in as whom, and what goes wrong."""

    base: str = ""
    key: RSAKey | ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    algorithm: str = "ES256"
    kid: str = "one"
    #: Claims of who logs in next.
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "1", "email": "ann@example.com", "email_verified": True,
        }
    )  # fmt: skip
    claims: dict[str, Any] = field(default_factory=dict)  #: Instead of the right ones.
    userinfo: dict[str, Any] = field(default_factory=dict)
    #: Path → bytes that are answered there, or an event that is waited for.
    instead: dict[str, bytes | asyncio.Event] = field(default_factory=dict)
    unsigned: bool = False
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    calls: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._answering(self.discovery)),
                Route("/authorize", self._answering(self.authorize)),
                Route("/token", self._answering(self.token), methods=["POST"]),
                Route("/jwks", self._answering(self.jwks)),
                Route("/userinfo", self._answering(self.tell), methods=["POST"]),
            ]
        )

    def _answering(self, handle: Any) -> Any:
        async def answer(request: Request) -> Response:
            path = request.url.path
            self.calls.append(path)
            instead = self.instead.get(path)
            if isinstance(instead, asyncio.Event):
                await instead.wait()
            elif instead is not None:
                return Response(instead, media_type="application/json")
            found: Response = await handle(request)
            return found

        return answer

    async def discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.base,
                "authorization_endpoint": f"{self.base}/authorize",
                "token_endpoint": f"{self.base}/token",
                "jwks_uri": f"{self.base}/jwks",
                "userinfo_endpoint": f"{self.base}/userinfo",
                "token_endpoint_auth_methods_supported": self.methods,
            }
        )

    async def authorize(self, request: Request) -> Response:
        """Show a button, as an issuer does; `agree=1` is the press on it."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        if "agree" not in asked:
            link = "?" + urlencode(asked | {"agree": "1"}).replace("&", "&amp;")
            return HTMLResponse(
                f'<!doctype html><title>Issuer</title><a href="{link}">I am Ann</a>'
            )
        return RedirectResponse(self.send_back(asked), 302)

    def send_back(self, asked: dict[str, str]) -> str:
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        return asked["redirect_uri"] + "?" + urlencode(back)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if not self._knows(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form["code"], None)  # A code works once.
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        signed = self.sign(asked["nonce"])
        return JSONResponse({"id_token": signed, "access_token": "at", "token_type": "Bearer"})

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        if self.methods == ["client_secret_post"]:
            return form.get("client_secret") == SECRET
        _, _, encoded = request.headers.get("authorization", "").partition(" ")
        pair = parse_qs(base64.b64decode(encoded).decode().replace(":", "=", 1))
        return pair == {CLIENT: [SECRET]}

    def sign(self, nonce: str) -> str:
        now_s = int(time.time())
        claims = {
            "iss": self.base, "aud": CLIENT, "exp": now_s + 300, "iat": now_s, "nonce": nonce,
            **self.person, **self.claims,
        }  # fmt: skip
        header = {"alg": self.algorithm, "kid": self.kid}
        if self.unsigned:
            plain = (json.dumps(part).encode() for part in (header | {"alg": "none"}, claims))
            return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in plain) + "."
        payload = json.dumps(claims)
        return jws.serialize_compact(header, payload, self.key, algorithms=[self.algorithm])

    async def jwks(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False) | {"kid": self.kid}]})

    async def tell(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer at"
        return JSONResponse(self.userinfo or {"sub": self.person["sub"]})

    def agree(self, url: str) -> dict[str, str]:
        """Do what the browser does there; return the code and the state that it brings back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        return dict(parse_qsl(urlsplit(self.send_back(asked)).query))


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with serving(issuer.app()) as url:
        issuer.base = url
        yield issuer


def settings_of(issuer: Issuer) -> dict[str, str]:
    """Return the settings of a gateway that trusts it."""
    return {
        "oidc_issuer": issuer.base,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_private": "127.0.0.0/8",
    }
