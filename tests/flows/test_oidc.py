"""Log in by a real OpenID Connect issuer, over HTTP: who gets in, as what, and who does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from gesso import settings as settings_room
from gesso.app import parts
from gesso.dialects.admin.desk import ROOT
from gesso.domain.caller import Role
from gesso.services import administer, issuer, oidc_login
from tests.client import Reply
from tests.conftest import Gateway, running_gateway
from tests.issuer import Issuer, running_issuer, settings_of

pytestmark = pytest.mark.anyio
ANN = {"name": "ann@example.com", "role": "operator", "account": administer.FIRST_ACCOUNT}


class Door:
    """A gateway and the issuer that it trusts, as a browser meets them."""

    def __init__(self, gateway: Gateway, issuer: Issuer) -> None:
        self.gateway = gateway
        self.issuer = issuer

    async def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        return await self.gateway.client.call(method, ROOT + path, body, key=key)

    async def begin(self) -> dict[str, str]:
        """Log in at the issuer and return what the browser brings back."""
        begun = (await self.call("POST", "/login/issuer/begin", key="")).json
        return {"ticket": begun["ticket"], **self.issuer.agree(begun["url"])}

    async def finish(self, **brought: str) -> Reply:
        return await self.call("POST", "/login/issuer", brought, key="")

    async def enter(self) -> Reply:
        return await self.finish(**await self.begin())

    async def create(self, **more: Any) -> dict[str, Any]:
        reply = await self.call("POST", "/users", ANN | more)
        assert reply.status == 201, reply.body
        made: dict[str, Any] = reply.json
        return made


@asynccontextmanager
async def open_door(place: Path, url: str = "", **settings: Any) -> AsyncIterator[Door]:
    async with (
        running_issuer() as running,
        running_gateway(url, place, **(settings_of(running) | settings)) as gateway,
    ):
        yield Door(gateway, running)


def refused(reply: Reply, status: int, words: str) -> None:
    assert reply.status == status, reply.body
    assert words in reply.json["error"]["message"]


async def test_a_user_logs_in_and_is_who_they_are(database_url: str, tmp_path: Path) -> None:
    async with open_door(tmp_path, database_url) as door:
        assert (await door.call("GET", "/login", key="")).json == {
            "password": True, "issuer": door.issuer.base.removeprefix("http://"),
        }  # fmt: skip
        user = await door.create()
        assert user["linked"] is False
        made = (await door.enter()).json
        assert made["key"]["expires_at"]
        assert made["key"]["role"] == "operator"
        me = (await door.call("GET", "/me", key=made["secret"])).json
        assert me["key"]["user"] == user["id"]
        # From now on the issuer's subject counts: a new address does not make somebody else.
        door.issuer.person["email"] = "ann@married.example.com"
        assert (await door.enter()).json["key"]["user"] == user["id"]
        # And somebody else with the old address is not Ann.
        door.issuer.person = {"sub": "2", "email": ANN["name"], "email_verified": True}
        refused(await door.enter(), 409, "another person")
        (link,) = (await door.call("GET", "/audit?action=user.link")).json["items"]
        assert (link["actor_kind"], link["target"]) == ("issuer", user["id"])
        assert (await door.call("POST", "/logout", key=made["secret"])).status == 204
        # What the issuer says of itself and its keys was asked for once.
        assert door.issuer.calls.count("/.well-known/openid-configuration") == 1
        assert door.issuer.calls.count("/jwks") == 1


async def test_the_doctor_counts_keys(tmp_path: Path) -> None:
    async with running_issuer() as running:
        settings = settings_room.read({}, data_dir=tmp_path, **settings_of(running))
        asked = parts.issuer(settings)
        assert asked is not None
        assert await asked.check() == 1


async def test_without_an_issuer_there_is_no_such_way(tmp_path: Path) -> None:
    async with running_gateway("", tmp_path) as gateway:
        ways = await gateway.client.get(f"{ROOT}/login", key="")
        assert ways == {"password": True, "issuer": None}
        reply = await gateway.client.call("POST", f"{ROOT}/login/issuer/begin", key="")
        refused(reply, 404, "no OpenID Connect issuer")


async def test_strangers_stay_outside(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        refused(await door.enter(), 403, "not a user of this gateway")
        await door.create()
        door.issuer.person["email_verified"] = False
        refused(await door.enter(), 403, "not verified")
        for odd in ("a\x00@example.com", "a\ud800@example.com", "a" * 200, 1, ""):
            door.issuer.person["email"] = odd
            refused(await door.enter(), 403, "tells no email")
        door.issuer.claims = {"sub": "1\x00"}
        refused(await door.enter(), 403, "cannot be kept")
        door.issuer.claims = {}
        del door.issuer.person["email"]
        refused(await door.enter(), 403, "tells no email")


async def test_removed_users_and_disabled_accounts(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        account = (await door.call("POST", "/accounts", {"name": "north"})).json["id"]
        user = await door.create(account=account)
        secret = (await door.enter()).json["secret"]
        await door.call("PATCH", f"/accounts/{account}", {"enabled": False})
        refused(await door.enter(), 403, "disabled")
        await door.call("PATCH", f"/accounts/{account}", {"enabled": True})
        assert (await door.enter()).status == 200
        await door.call("DELETE", f"/users/{user['id']}")
        assert (await door.call("GET", "/me", key=secret)).status == 401
        refused(await door.enter(), 403, "not a user")


async def test_newcomers_get_the_role_that_the_operator_chose(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_create="viewer") as door:
        made = (await door.enter()).json
        assert (made["key"]["role"], made["key"]["account"]) == ("viewer", "acc_first")
        (user,) = (await door.call("GET", "/users")).json["items"]
        assert (user["name"], user["linked"], user["has_password"]) == (ANN["name"], True, False)
        # Without a role claim, roles are ours to give.
        await door.call("PATCH", f"/users/{user['id']}", {"role": "operator"})
        assert (await door.enter()).json["key"]["role"] == "operator"


async def test_roles_by_a_claim_follow_it_at_every_login(tmp_path: Path) -> None:
    settings = {
        "oidc_role_claim": "realm.roles",
        "oidc_roles": "boss=admin, crew=operator,guest=viewer",
    }
    async with open_door(tmp_path, **settings) as door:
        user = await door.create()
        door.issuer.person["realm"] = {"roles": ["guest", "other", "boss"]}
        first = (await door.enter()).json
        assert first["key"]["role"] == "admin"
        door.issuer.person["realm"] = {"roles": "guest"}
        assert (await door.enter()).json["key"]["role"] == "viewer"
        # What was handed out before may not do more either.
        me = (await door.call("GET", "/me", key=first["secret"])).json
        assert me["key"]["role"] == "viewer"
        for nothing in ({}, {"roles": ["other", 1, None]}, "guest"):
            door.issuer.person["realm"] = nothing
            refused(await door.enter(), 403, "no role")
        assert (await door.call("GET", f"/users/{user['id']}")).json["role"] == "viewer"


async def test_claims_that_only_userinfo_tells(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.create()
        door.issuer.userinfo = door.issuer.person
        door.issuer.person = {"sub": "1"}
        assert (await door.enter()).status == 200
        door.issuer.userinfo = door.issuer.userinfo | {"sub": "2"}
        refused(await door.enter(), 401, "somebody else")


async def test_tokens_that_are_not_for_this_login(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_create="member") as door:
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"nonce": "another"}, "nonce"),
            ({"exp": 1}, "expired"),
            ({"aud": "another"}, "aud"),
            ({"iss": "https://evil.example.com"}, "iss"),
        ]
        for claims, words in wrong:
            door.issuer.claims = claims
            refused(await door.enter(), 401, words)
        assert (await door.call("GET", "/users")).json["items"] == []


async def test_signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door(tmp_path, oidc_create="member") as door:
        assert (await door.enter()).status == 200
        good = door.issuer.key
        door.issuer.key = ECKey.generate_key("P-256")
        refused(await door.enter(), 401, "signature")
        door.issuer.key, door.issuer.unsigned = good, True
        refused(await door.enter(), 401, "not believed")
        door.issuer.unsigned = False
        # A renewed key is fetched, but strangers cannot make us fetch keys all the time.
        door.issuer.key, door.issuer.kid = RSAKey.generate_key(2048), "two"
        door.issuer.algorithm = "RS256"
        refused(await door.enter(), 401, "no such key")
        assert door.issuer.calls.count("/jwks") == 1
        monkeypatch.setattr(issuer, "RENEW_S", 0.0)
        assert (await door.enter()).status == 200
        assert door.issuer.calls.count("/jwks") == 2


async def test_an_answer_works_once_and_in_its_own_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_door(tmp_path, oidc_create="member") as door:
        mine, theirs = await door.begin(), await door.begin()
        refused(await door.finish(**mine | {"state": theirs["state"]}), 401, "another log-in")
        refused(await door.finish(**mine | {"ticket": theirs["ticket"]}), 401, "another log-in")
        # The code of one log-in with the ticket of another: PKCE ties them together.
        refused(await door.finish(**mine | {"code": theirs["code"]}), 401, "no more")
        mine = await door.begin()
        assert (await door.finish(**mine)).status == 200
        asked = len(door.issuer.calls)
        refused(await door.finish(**mine), 401, "ended already")
        assert len(door.issuer.calls) == asked
        fresh = await door.begin()
        refused(await door.finish(**fresh | {"code": mine["code"]}), 401, "no more")
        vault = door.gateway.house.database.vault
        for forged in (
            "x",
            "sealed:1:x",
            "sealed:1:é",
            mine["ticket"][:-2],
            vault.seal("{}"),
            "{}",
        ):
            refused(await door.finish(**theirs | {"ticket": forged}), 401, "not begun here")
        late = await door.begin()
        monkeypatch.setattr(oidc_login, "PATIENCE", timedelta(0))
        refused(await door.finish(**late), 401, "too long")


GARBAGE = [b"", b"<html>", b"[]", b"{}", b'{"issuer": 1}', b"\xff", b" " * 300_000, b"[" * 9999]


async def test_an_issuer_that_talks_nonsense(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_create="member") as door:

        async def begin(nonsense: bytes) -> Reply:
            door.issuer.instead = {"/.well-known/openid-configuration": nonsense}
            return await door.call("POST", "/login/issuer/begin", key="")

        async def finish(path: str, nonsense: bytes) -> Reply:
            door.issuer.instead = {}
            brought = await door.begin()
            door.issuer.instead = {path: nonsense}
            return await door.finish(**brought)

        replies = [await begin(nonsense) for nonsense in GARBAGE]
        replies += [await finish("/token", nonsense) for nonsense in GARBAGE]
        replies += [await finish("/jwks", nonsense) for nonsense in GARBAGE]
        for reply in replies:
            refused(reply, 503, "does not answer as it should")
            assert reply.json["error"]["code"] == "issuer_unavailable"
            assert door.issuer.base not in reply.body.decode()
        door.issuer.instead = {}
        assert (await door.enter()).status == 200


async def test_an_issuer_that_hangs(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_create="member", oidc_timeout_s=0.2) as door:
        brought = await door.begin()
        held = asyncio.Event()
        door.issuer.instead = {"/token": held}
        refused(await door.finish(**brought), 503, "does not answer")
        held.set()
        door.issuer.instead = {}
        assert (await door.enter()).status == 200


async def test_an_issuer_that_is_not_who_it_should_be(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        described = {
            "issuer": "https://other.example.com",
            "authorization_endpoint": f"{door.issuer.base}/authorize",
            "token_endpoint": f"{door.issuer.base}/token",
            "jwks_uri": f"{door.issuer.base}/jwks",
        }
        for wrong in (
            described,
            described | {"issuer": door.issuer.base, "authorization_endpoint": "javascript:x"},
        ):
            place = "/.well-known/openid-configuration"
            door.issuer.instead = {place: json.dumps(wrong).encode()}
            refused(await door.call("POST", "/login/issuer/begin", key=""), 503, "does not answer")


async def test_a_private_issuer_must_be_allowed(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_private="10.0.0.0/8") as door:
        refused(await door.call("POST", "/login/issuer/begin", key=""), 503, "does not answer")
        assert door.issuer.calls == []


async def test_a_secret_in_the_body_where_the_issuer_wants_it(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_create="member") as door:
        door.issuer.methods = ["client_secret_post"]
        assert (await door.enter()).json["key"]["role"] == Role.MEMBER.value


async def test_a_client_that_the_issuer_does_not_know(tmp_path: Path) -> None:
    async with open_door(tmp_path, oidc_client_secret="wrong") as door:
        refused(await door.enter(), 503, "does not answer")
