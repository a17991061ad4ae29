"""The admin API over HTTP, on both databases: every noun, roles, audit, CSV."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest

from gesso.dialects.admin.desk import ROOT, Endpoint
from gesso.dialects.admin.routes import AdminRoutes
from gesso.domain.caller import Role
from gesso.domain.permission import MAY, Permission
from gesso.services import administer
from tests.client import Reply
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio


async def call(gateway: Gateway, method: str, path: str, body: Any = None, **more: Any) -> Any:
    reply = await gateway.client.call(method, ROOT + path, body, **more)
    assert reply.status < 300, (method, path, reply.status, reply.body)
    return reply.json if reply.body else None


async def refused(
    gateway: Gateway, status: int, code: str, method: str, path: str, body: Any = None, **more: Any
) -> dict[str, Any]:
    """Call and check the whole envelope; returns what is in it."""
    reply = await gateway.client.call(method, ROOT + path, body, **more)
    assert reply.status == status, (method, path, reply.status, reply.body)
    assert list(reply.json) == ["error"]
    error: dict[str, Any] = reply.json["error"]
    assert list(error) == ["code", "message", "param", "charged", "retry"]
    assert error["code"] == code
    assert error["charged"] is False
    return error


async def key_of(gateway: Gateway, role: Role) -> str:
    made = await administer.create_key(
        gateway.house.database, administer.FIRST_ACCOUNT, role.value, role=role
    )
    return made.secret


async def trail(gateway: Gateway, **query: str) -> list[dict[str, Any]]:
    words = "&".join(f"{k}={v}" for k, v in query.items())
    found: list[dict[str, Any]] = (await call(gateway, "GET", f"/audit?{words}"))["items"]
    return found


async def test_accounts_and_money(gateway: Gateway) -> None:
    made = await call(gateway, "POST", "/accounts", {"name": "north"})
    one = f"/accounts/{made['id']}"
    paid = {"amount": {"usd": "12.5"}, "reference": "inv-1", "note": "thanks"}
    after = await call(gateway, "POST", one + "/top-up", paid)
    assert after["available"] == {"usd": "12.50", "nanos": 12_500_000_000}
    await refused(gateway, 409, "conflict", "POST", one + "/top-up", paid)
    less = {"amount": {"nanos": -500_000_000}, "reason": "a mistake"}
    after = await call(gateway, "POST", one + "/adjust", less)
    assert after["available"]["usd"] == "12.00"
    too_much = {"amount": {"usd": "-12.01"}, "reason": "a mistake"}
    await refused(gateway, 402, "insufficient_funds", "POST", one + "/adjust", too_much)
    for amount in ({"usd": "-1"}, {"usd": "0"}):
        await refused(gateway, 422, "invalid_value", "POST", one + "/top-up", {"amount": amount})
    unread: tuple[Any, ...] = (
        {"usd": "1e3"},
        {},
        {"usd": "1", "nanos": 2},
        {"usd": 1},
        {"nanos": 0.5},
    )
    for bad in unread:
        await refused(gateway, 400, "invalid_order", "POST", one + "/top-up", {"amount": bad})
    full = {"amount": {"usd": "1000000000"}}
    await refused(gateway, 422, "invalid_value", "POST", one + "/top-up", full)
    lines = (await call(gateway, "GET", one + "/statement"))["items"]
    assert [(x["verb"], x["amount"]["usd"], x["note"]) for x in lines] == [
        ("adjust", "-0.50", "a mistake"),
        ("top_up", "12.50", "thanks"),
    ]
    assert (await call(gateway, "GET", "/ledger/check"))["ok"] is True
    records = await trail(gateway, target=made["id"])
    assert [r["action"] for r in records] == ["account.adjust", "account.top_up", "account.create"]
    assert records[1]["after"]["usd"] == "12.50"
    assert records[0]["actor_kind"] == "key"
    assert records[0]["address"] == "127.0.0.1"


async def test_a_disabled_account_calls_no_more(gateway: Gateway) -> None:
    secret = await gateway.new_account(5)
    found = (await call(gateway, "GET", "/accounts"))["items"]
    other = next(a["id"] for a in found if a["id"] != administer.FIRST_ACCOUNT)
    await call(gateway, "PATCH", f"/accounts/{other}", {"enabled": False, "name": "off"})
    await refused(gateway, 401, "not_authenticated", "GET", "/me", key=secret)
    await call(gateway, "PATCH", f"/accounts/{other}", {"enabled": True})
    await call(gateway, "GET", "/me", key=secret)
    (last, first) = (await trail(gateway, action="account.update"))[:2]
    assert (last["before"], last["after"]) == ({"enabled": False}, {"enabled": True})
    assert first["after"] == {"enabled": False, "name": "off"}
    own = f"/accounts/{administer.FIRST_ACCOUNT}"
    await refused(gateway, 409, "conflict", "PATCH", own, {"enabled": False})
    await refused(gateway, 404, "not_found", "GET", "/accounts/nobody")


async def test_keys_rotate_with_an_overlap(gateway: Gateway) -> None:
    body = {
        "account": administer.FIRST_ACCOUNT, "name": "shop", "spend_limit": {"usd": "3"},
        "actions": ["imagine"], "networks": ["127.0.0.0/8"], "rate_per_minute": 1000,
    }  # fmt: skip
    made = await call(gateway, "POST", "/keys", body)
    one = f"/keys/{made['key']['id']}"
    assert made["key"]["spend_limit"]["usd"] == "3.00"
    assert made["secret"].startswith("sk-")
    new = await call(gateway, "POST", one + "/rotate", {"overlap_s": 3600})
    assert new["secret"] != made["secret"]
    for secret in (made["secret"], new["secret"]):
        me = await call(gateway, "GET", "/me", key=secret)
        assert me["key"]["id"] == made["key"]["id"]
        assert me["permissions"] == []
    newest = await call(gateway, "POST", one + "/rotate", {"overlap_s": 0})
    for secret in (made["secret"], new["secret"]):
        await refused(gateway, 401, "not_authenticated", "GET", "/me", key=secret)
    await call(gateway, "GET", "/me", key=newest["secret"])
    changed = await call(gateway, "PATCH", one, {"spend_limit": None, "name": "shop 2"})
    assert (changed["spend_limit"], changed["name"]) == (None, "shop 2")
    assert changed["actions"] == ["imagine"]
    bad: dict[str, Any]
    for bad in ({"networks": ["x"]}, {"user": "usr_no"}, {"spend_limit": {"usd": "-1"}}):
        await refused(gateway, 422, "invalid_value", "PATCH", one, bad)
    await call(gateway, "POST", one + "/revoke")
    await refused(gateway, 401, "not_authenticated", "GET", "/me", key=newest["secret"])
    await refused(gateway, 409, "conflict", "POST", one + "/rotate", {})
    mine = (await call(gateway, "GET", "/me"))["key"]["id"]
    await refused(gateway, 409, "conflict", "POST", f"/keys/{mine}/revoke")
    text = str(await trail(gateway, target=made["key"]["id"]))
    assert not any(m["secret"] in text for m in (made, new, newest))
    listed = await call(gateway, "GET", f"/keys?account={administer.FIRST_ACCOUNT}&role=member")
    assert [k["id"] for k in listed["items"]] == [made["key"]["id"]]


async def test_users_log_in_and_their_keys_stay_below_them(gateway: Gateway) -> None:
    ann = {"name": "ann", "role": "operator", "account": administer.FIRST_ACCOUNT}
    user = await call(gateway, "POST", "/users", ann | {"password": "a long password"})
    await refused(gateway, 409, "conflict", "POST", "/users", ann)
    await refused(gateway, 400, "invalid_order", "POST", "/users", ann | {"password": "short"})
    login = {"name": "ann", "password": "a long password"}
    for wrong in (login | {"password": "another one"}, login | {"name": "bob"}):
        await refused(gateway, 401, "not_authenticated", "POST", "/login", wrong, key="")
    made = await call(gateway, "POST", "/login", login, key="")
    secret = made["secret"]
    assert made["key"]["expires_at"]
    me = await call(gateway, "GET", "/me", key=secret)
    assert me["permissions"] == sorted(MAY[Role.OPERATOR])
    await call(gateway, "POST", "/words", {"word": "gore"}, key=secret)
    (record,) = await trail(gateway, action="word.add")
    assert (record["actor_kind"], record["user"]) == ("user", user["id"])
    too_much = {"account": ann["account"], "user": user["id"], "role": "admin"}
    await refused(gateway, 422, "invalid_value", "POST", "/keys", too_much)
    one = f"/users/{user['id']}"
    await call(gateway, "PATCH", one, {"role": "viewer"})
    await refused(gateway, 403, "not_allowed", "DELETE", "/words/gore", key=secret)
    await call(gateway, "PATCH", one, {"password": "another password"})
    await refused(gateway, 401, "not_authenticated", "GET", "/me", key=secret)
    await refused(gateway, 401, "not_authenticated", "POST", "/login", login, key="")
    login["password"] = "another password"
    second = (await call(gateway, "POST", "/login", login, key=""))["secret"]
    await call(gateway, "POST", "/logout", key=second)
    await refused(gateway, 401, "not_authenticated", "GET", "/me", key=second)
    third = (await call(gateway, "POST", "/login", login, key=""))["secret"]
    await call(gateway, "DELETE", one)
    await refused(gateway, 401, "not_authenticated", "GET", "/me", key=third)
    await refused(gateway, 404, "not_found", "GET", one)
    assert "password" not in str([r["before"] for r in await trail(gateway, target=user["id"])][1:])
    assert "argon2" not in str(await trail(gateway, target=user["id"]))


async def test_guessing_passwords_is_slowed_down(gateway: Gateway) -> None:
    wrong = {"name": "nobody", "password": "x"}
    for _ in range(10):
        await refused(gateway, 401, "not_authenticated", "POST", "/login", wrong, key="")
    reply = await gateway.client.call("POST", ROOT + "/login", wrong, key="")
    assert reply.status == 429
    assert int(reply.headers["retry-after"]) > 1
    assert reply.json["error"]["retry"] is True


async def test_channels_pause_and_go(gateway: Gateway) -> None:
    body = {"name": "two", "provider": "sandbox", "options": {"api_key": "hush", "size": 3}}
    made = await call(gateway, "POST", "/channels", body)
    one = f"/channels/{made['id']}"
    assert made["options"] == {"api_key": "***", "size": 3}
    await call(gateway, "PATCH", f"/channels/{administer.FIRST_CHANNEL}", {"enabled": False})
    await call(gateway, "PATCH", one, {"paused": True, "options": made["options"]})
    assert gateway.house.catalogue.channel(made["id"]) is not None
    stored = gateway.house.catalogue.channel(made["id"])
    assert stored is not None
    assert stored.options == {"api_key": "hush", "size": 3}
    assert "hush" not in str(await trail(gateway, target=made["id"]))
    task_id = await gateway.client.imagine("a boat")
    await asyncio.sleep(0.5)  # time in which an unpaused channel would have finished it
    task = await call(gateway, "GET", f"/tasks/{task_id}")
    assert (task["status"], task["channel"]) == ("queued", made["id"])
    await call(gateway, "PATCH", one, {"enabled": False})
    await refused(gateway, 409, "conflict", "DELETE", one)
    await call(gateway, "PATCH", one, {"paused": False})
    assert (await gateway.client.until(task_id))["status"] == "SUCCESS"
    await call(gateway, "DELETE", one)
    await refused(gateway, 404, "not_found", "GET", one)
    for bad in (
        body | {"provider": "none"}, body | {"base_url": "ftp://x"}, body | {"provider": "mjproxy"},
    ):  # fmt: skip
        await refused(gateway, 422, "invalid_value", "POST", "/channels", bad)


async def test_prices_and_words(gateway: Gateway) -> None:
    one = "/prices/midjourney@imagine"
    new = await call(gateway, "PUT", one, {"price": {"usd": "0.01"}})
    assert new["changed"] is True
    assert new["default"]["usd"] == "0.04504"
    task_id = await gateway.client.imagine("a boat --relax")
    assert (await call(gateway, "GET", f"/tasks/{task_id}"))["price"]["usd"] == "0.01"
    changed = (await call(gateway, "GET", "/prices?changed=true"))["items"]
    assert [p["key"] for p in changed] == ["midjourney@imagine"]
    await call(gateway, "DELETE", one)
    await refused(gateway, 404, "not_found", "DELETE", one)
    await refused(gateway, 422, "invalid_value", "PUT", one, {"price": {"usd": "-1"}})
    await refused(gateway, 422, "invalid_value", "PUT", "/prices/A B", {"price": {"usd": "1"}})
    await call(gateway, "POST", "/words", {"word": "blut/gore"})
    await refused(gateway, 409, "conflict", "POST", "/words", {"word": "blut/gore"})
    banned = await gateway.client.post("/mj/submit/imagine", {"prompt": "a blut/gore b"})
    assert banned["code"] == 24
    await call(gateway, "DELETE", "/words/blut/gore")
    assert (await call(gateway, "GET", "/words"))["items"] == []
    await gateway.client.until(task_id)


async def test_tasks_are_found_and_cancelled(gateway: Gateway) -> None:
    done = await gateway.client.imagine("a red_fox 100%")
    await gateway.client.until(done)
    slow = await gateway.client.imagine("a slow boat --sandbox slow:30")
    for query, wanted in {
        "prompt=red_fox": [done], "prompt=RED": [done], "prompt=100%25": [done],
        "prompt=red%25fox": [], "status=succeeded": [done], "action=IMAGINE": [slow, done],
        "account=nobody": [], f"channel={administer.FIRST_CHANNEL}": [slow, done],
        "since=2100-01-01T00:00:00Z": [], "until=2000-01-01T00:00:00%2B01:00": [],
    }.items():  # fmt: skip
        found = await call(gateway, "GET", f"/tasks?{query}")
        assert [t["id"] for t in found["items"]] == wanted, query
    shown = await call(gateway, "GET", f"/tasks/{done}")
    assert (await gateway.client.call("GET", shown["pictures"][0]["url"])).status == 200
    assert (await call(gateway, "GET", f"/tasks/{shown['ulid']}"))["id"] == done
    cancelled = await call(gateway, "POST", f"/tasks/{slow}/cancel")
    assert cancelled["status"] == "cancelled"
    (record,) = await trail(gateway, action="task.cancel")
    assert record["target"] == slow
    await refused(gateway, 409, "illegal_move", "POST", f"/tasks/{done}/cancel")
    await refused(gateway, 404, "not_found", "GET", "/tasks/123")
    days = (await call(gateway, "GET", "/usage?by=day,action,account,key"))["items"]
    assert [(d["action"], d["tasks"]) for d in days] == [("IMAGINE", 1)]
    assert days[0]["amount"] == shown["charged"]
    entries = await call(gateway, "GET", f"/ledger/entries?task={done}")
    assert [e["verb"] for e in entries["items"]] == ["capture", "hold"]
    models = (await call(gateway, "GET", "/usage?by=model"))["items"]
    assert {one["model"].partition("@")[0] for one in models} == {"midjourney"}
    await refused(gateway, 400, "invalid_order", "GET", "/usage?by=moon")


async def test_pages_and_csv_hold_the_same_rows(gateway: Gateway) -> None:
    for n in range(7):
        await call(gateway, "POST", "/accounts", {"name": f"=cmd({n})"})
    seen: list[str] = []
    path: str | None = "/accounts?limit=3"
    while path:
        page = await call(gateway, "GET", path)
        assert len(page["items"]) <= 3
        seen += [a["id"] for a in page["items"]]
        path = f"/accounts?limit=3&cursor={page['next']}" if page["next"] else None
    assert len(seen) == len(set(seen)) == 8
    reply = await gateway.client.call("GET", ROOT + "/accounts?format=csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    assert [r["id"] for r in rows] == seen
    # A spreadsheet must not run what a stranger named an account.
    assert {r["name"] for r in rows if r["id"] != administer.FIRST_ACCOUNT} == {
        f"'=cmd({n})" for n in range(7)
    }
    assert rows[-1]["available_usd"] == "10.00"
    for cursor in ("x", "WzFd", "W10", "WyJhIiwiYiJd", "e30", "%00", "WzEsIlx1MDAwMCJd"):
        await refused(gateway, 400, "invalid_order", "GET", f"/accounts?cursor={cursor}")


def table() -> list[Endpoint]:
    """The route table itself; nothing of it is called."""
    anything: Any = type("Anything", (), {"__getattr__": lambda self, name: self})()
    return AdminRoutes(anything, anything, anything, 1000).table


async def test_roles_may_what_the_table_says(gateway: Gateway) -> None:
    """Every route with every role: allowed or 403, nothing else in between."""
    keys = {role: await key_of(gateway, role) for role in Role}
    for endpoint in table():
        operation = endpoint.operation
        if endpoint.permission is None:
            continue
        path = operation.path.replace(":path", "")
        for name in ("account", "key", "owner", "user", "channel", "task", "delivery"):
            path = path.replace(f"{{{name}_id}}", "nothing")
        path = path.replace("{key}", "Nothing").replace("{word}", "nothing")
        for role, secret in keys.items():
            # An unknown field keeps an allowed call from doing anything.
            body = {"unknown": 1} if operation.body is not None else None
            reply = await gateway.client.call(operation.method, path, body, key=secret)
            may = endpoint.permission in MAY[role]
            assert (reply.status != 403) is may, (operation.method, path, role, reply.body)
            assert reply.status < 500
        reply = await gateway.client.call(operation.method, path, key="")
        assert reply.status == 401


def test_every_permission_is_used() -> None:
    assert {e.permission for e in table()} - {None} == set(Permission)


def test_every_list_is_a_csv_and_every_change_needs_more_than_reading() -> None:
    for endpoint in table():
        one = endpoint.operation
        if one.method != "GET" and endpoint.permission is not None:
            assert endpoint.permission is not Permission.READ, one.path


async def test_what_a_week_would_have_cost(gateway: Gateway) -> None:
    task = await gateway.client.until(await gateway.client.imagine("a boat --sandbox blank"))
    sold = await call(gateway, "GET", f"/tasks/{task['id']}")
    asked: dict[str, Any] = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    empty = await call(gateway, "POST", "/prices/simulation", asked)
    assert (empty["sold"], empty["whole"], empty["lines"]) == (0, True, [])
    asked = {"since": sold["submitted_at"], "until": sold["finished_at"]}
    asked |= {"prices": {sold["price_key"]: {"usd": "1.5"}}}
    found = await call(gateway, "POST", "/prices/simulation", asked)
    assert found["lines"] == [
        {
            "price_key": sold["price_key"],
            "sold": 1,
            "paid": sold["charged"],
            "today": sold["price"],
            "changed": {"usd": "1.50", "nanos": 1_500_000_000},
        }
    ]
    asked["until"] = "2099-01-01T00:00:00Z"
    await refused(gateway, 422, "invalid_value", "POST", "/prices/simulation", asked)


async def test_the_installation_is_shown_without_secrets(gateway: Gateway) -> None:
    settings = {one["name"]: one for one in await call(gateway, "GET", "/settings")}
    assert settings["GESSO_ADMIN_KEY"] | {"meaning": ""} == {
        "name": "GESSO_ADMIN_KEY", "value": "", "default": "", "meaning": "",
        "secret": True, "is_set": True,
    }  # fmt: skip
    providers = {one["name"]: one for one in await call(gateway, "GET", "/providers")}
    assert providers["mjproxy"]["needs_base_url"]
    assert [one["name"] for one in providers["mjproxy"]["options"]] == ["secret"]
    assert providers["mjproxy"]["options"][0]["secret"]
    assert "IMAGINE" in providers["sandbox"]["actions"]


async def test_a_channel_tells_how_it_did(gateway: Gateway) -> None:
    await gateway.client.until(await gateway.client.imagine("a boat --sandbox blank"))
    await gateway.client.until(await gateway.client.imagine("a boat --sandbox fail:banned"))
    one = f"/channels/{administer.FIRST_CHANNEL}/record"
    hours = await call(gateway, "GET", one + "?hours=2")
    assert [sum(h[name] for h in hours) for name in ("succeeded", "failed", "cancelled")] == [
        1, 1, 0,
    ]  # fmt: skip
    assert all(h["median_ms"] >= 0 for h in hours if h["succeeded"])
    await refused(gateway, 404, "not_found", "GET", "/channels/none/record")
    await refused(gateway, 400, "invalid_order", "GET", one + "?hours=0")


async def test_shapes_of_refusals(gateway: Gateway) -> None:
    error = await refused(gateway, 400, "invalid_order", "POST", "/accounts", b"{")
    assert "JSON" in error["message"]
    error = await refused(gateway, 400, "invalid_order", "POST", "/accounts", {"name": 1})
    assert error["param"] == "name"
    error = await refused(gateway, 400, "invalid_order", "POST", "/accounts", {"x": 1, "name": "a"})
    assert error["param"] == "x"
    error = await refused(gateway, 400, "invalid_order", "GET", "/accounts?limit=0")
    assert error["param"] == "limit"
    await refused(gateway, 400, "invalid_order", "GET", "/accounts?x=1")
    await refused(gateway, 400, "invalid_order", "GET", "/accounts?limit=1&limit=2")
    await refused(gateway, 413, "too_large", "POST", "/accounts", b" " * 300_000)
    await refused(gateway, 404, "not_found", "GET", "/nothing")
    await refused(gateway, 405, "method_not_allowed", "PUT", "/accounts")
    await refused(gateway, 404, "not_found", "GET", "/accounts/a%00b")


async def test_the_description_is_what_is_routed(gateway: Gateway) -> None:
    described = await gateway.client.get("/openapi.json")
    found = {(m.upper(), p) for p, ms in described["paths"].items() for m in ms}
    found = {(method, path) for method, path in found if path.startswith("/admin/")}
    assert found == {(e.operation.method, e.operation.path.replace(":path", "")) for e in table()}
    names = [o["operationId"] for ms in described["paths"].values() for o in ms.values()]
    assert len(names) == len(set(names))
    text = (await gateway.client.call("GET", "/openapi.json")).body.decode()
    for part in set(text.split('"#/components/schemas/')[1:]):
        assert part.partition('"')[0] in described["components"]["schemas"]
    page: Reply = await gateway.client.call("GET", "/docs", key="")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert b"<script>" not in page.body
    assert b"style=" not in page.body
    for name in ("docs.js", "docs.css"):
        assert (await gateway.client.call("GET", f"/docs/{name}")).status == 200
    assert (await gateway.client.call("GET", "/docs/openapi.py")).status == 404
