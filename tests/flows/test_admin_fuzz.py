"""Bad bodies and queries against every route of the admin API: refused, never a 500."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from gesso.dialects.admin.desk import CSV
from gesso.dialects.admin.wire import Paged
from gesso.services import administer
from tests.conftest import Gateway
from tests.flows.test_admin import table

pytestmark = pytest.mark.anyio

_DEEP: Any = 1
for _ in range(60):
    _DEEP = {"a": [_DEEP]}

#: What breaks decoders, columns and sums.
NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e308, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, "", " ", "\x00",
    "a\x00b", "\ud800", "x" * 5000, "名前", "😀" * 60, "'; DROP TABLE keys; --", "%", "_",
    [], [None], ["\x00"], [[]], {}, {"a": 1}, {"usd": "-5"}, {"usd": "99999999999"}, {"usd": 0.1},
    {"nanos": 2**63 - 1}, {"nanos": 10**18}, {"nanos": True}, {"usd": "1e3"}, {"usd": "١"}, _DEEP,
    "2026-13-45", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00",
    "http://[::1", "http://\x7f/", "http://127.0.0.1:22/", "NaN", "null", "0x10", "1_0",
)  # fmt: skip
RAW = (
    b"", b"null", b"[]", b"1", b'"x"', b"{", b'{"name":"a"', b"\xff\xfe", b"{}" * 2,
    b"[" * 100_000, b'{"a":' * 50_000, b'{"name":"\xed\xa0\x80"}', b"NaN", b'{"name":NaN}',
    b'{"usd":' + b"9" * 5000 + b"}", b"\x00", b"\xef\xbb\xbf{}",
)  # fmt: skip


def bodies(example: dict[str, Any], names: tuple[str, ...], random_: random.Random) -> list[bytes]:
    """Every field with every nasty value, and some with many at once."""
    made = [example | {name: value} for name in names for value in random_.sample(NASTY, 14)]
    made += [
        {name: random_.choice(NASTY) for name in random_.sample(names, len(names))}
        for _ in range(10)
    ]
    made += [{k: v for k, v in example.items() if k != name} for name in names]
    return [json.dumps(one).encode() for one in made] + list(RAW)


async def check(gateway: Gateway, method: str, path: str, body: bytes | None) -> None:
    reply = await gateway.client.call(method, path, body)
    about = (method, path[:200], (body or b"")[:300], reply.status, reply.body[:300])
    assert reply.status < 500, about
    if reply.status >= 400:
        assert set(reply.json["error"]) == {"code", "message", "param", "charged", "retry"}, about
        assert len(reply.body) < 2000, about


async def test_no_body_makes_a_500(gateway: Gateway) -> None:
    random_ = random.Random(7)
    made = await gateway.client.post("/admin/api/v1/accounts", {"name": "victim"})
    ids = {
        "account_id": made["id"],
        "owner_id": made["id"],
        "key": "midjourney@fuzz",
        "group": "fuzz",
    }
    for path, body, name in (
        ("keys", {"account": made["id"]}, "key_id"),
        ("users", {"name": "v", "role": "viewer", "account": made["id"]}, "user_id"),
        ("channels", {"name": "v", "provider": "sandbox", "enabled": False}, "channel_id"),
    ):
        found = await gateway.client.post(f"/admin/api/v1/{path}", body)
        ids[name] = (found.get("key") or found)["id"]
    for endpoint in table():
        one = endpoint.operation
        if one.body is None or one.path.endswith("/login"):
            continue
        path = one.path.replace(":path", "").format(**ids)
        fields = tuple(f.name for f in msgspec.structs.fields(one.body))
        if "/deliveries/test" in path or "rotate" in path:
            fields = fields[:1]
        # Nothing here may call another machine.
        sample: dict[str, Any] = dict(one.example)
        sample |= {"url": "http://127.0.0.1:1/"} if "url" in fields else {}
        sample |= {"account": made["id"]} if "account" in fields else {}
        for raw in bodies(sample, fields, random_):
            await check(gateway, one.method, path, raw)
    proof = await gateway.client.get("/admin/api/v1/ledger/check")
    assert proof["ok"] is True
    for name in ("accounts", "keys", "users", "channels", "prices", "words", "audit"):
        # Whatever was accepted must also be readable again.
        await check(gateway, "GET", f"/admin/api/v1/{name}?limit=500", None)
        reply = await gateway.client.call("GET", f"/admin/api/v1/{name}?format=csv")
        assert reply.status == 200


async def test_no_query_makes_a_500(gateway: Gateway) -> None:
    words = [v for v in NASTY if isinstance(v, str) and v.isascii()]
    words += [str(v) for v in NASTY if isinstance(v, int | float)] + ["名前"]
    for endpoint in table():
        one = endpoint.operation
        if one.query is None:
            continue
        assert issubclass(one.query, Paged) or CSV not in one.media
        path = one.path.format(
            account_id=administer.FIRST_ACCOUNT, channel_id=administer.FIRST_CHANNEL
        )
        fields = {f.name for f in msgspec.structs.fields(one.query)}
        # What all lists share is the same code: one list is enough for it.
        shared = {f.name for f in msgspec.structs.fields(Paged)}
        for name in sorted(fields - shared if not path.endswith("/audit") else fields):
            for word in words:
                await check(gateway, "GET", f"{path}?{name}={quote(word)}", None)


async def test_no_path_makes_a_500(gateway: Gateway) -> None:
    for endpoint in table():
        one = endpoint.operation
        if "{" not in one.path:
            continue
        head, _, rest = one.path.partition("{")
        tail = rest.partition("}")[2]
        for word in ("%00", "%ff", "%20", "'", "x" * 300, "9" * 40, "%F0%9F%98%80", "..%2f"):
            body = b"{}" if one.body is not None else None
            if one.body is not None and one.example is not None:
                body = json.dumps(one.example).encode()
            await check(gateway, one.method, head + word + tail, body)
