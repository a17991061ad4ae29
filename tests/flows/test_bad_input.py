"""Bad input: its code and message, never a 500, no money held, no task row left behind."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from gesso.domain.channel import Channel
from gesso.ledger.money import DOLLAR, read_dollars
from gesso.services import administer
from gesso.storage.schema import idempotency, ledger_entries, tasks
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio

IMAGINE = "/mj/submit/imagine"


def bomb(width: int, height: int) -> str:
    """A PNG of a few bytes that claims to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def animation(frames: int) -> str:
    out = io.BytesIO()
    pictures = [Image.new("L", (2, 2), n % 256) for n in range(frames)]
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:])
    return base64.b64encode(out.getvalue()).decode()


def picture() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


async def rows(gateway: Gateway) -> tuple[int, int, int]:
    """Count tasks, postings beyond the first top-up, and remembered submits."""
    async with gateway.house.database.reading() as connection:
        counts = [
            int((await connection.execute(select(func.count()).select_from(t))).scalar_one())
            for t in (tasks, ledger_entries, idempotency)
        ]
    return counts[0], counts[1] - 1, counts[2]


WRONG: list[tuple[str, Any, int]] = [
    ("not json", b"{", 4),
    ("empty body", b"", 4),
    ("a list", [1], 4),
    ("text", '"hi"', 4),
    ("no prompt", {}, 4),
    ("null prompt", {"prompt": None}, 4),
    ("blank prompt", {"prompt": " \t\n "}, 4),
    ("number as prompt", {"prompt": 7}, 4),
    ("only flags", {"prompt": "--ar 1:1"}, 4),
    ("unknown flag", {"prompt": "a --a cat"}, 4),
    ("flag out of range", {"prompt": "a --stylize 1001"}, 4),
    ("unknown version", {"prompt": "a --v 99"}, 4),
    ("a megabyte of prompt", {"prompt": "x" * 1_000_000}, 4),
    ("zero character", {"prompt": "a\x00b"}, 4),
    ("half a pair", b'{"prompt":"a\\ud800"}', 4),
    ("half a pair in state", b'{"prompt":"a","state":"\\ud800"}', 4),
    ("zero in state", {"prompt": "a", "state": "\x00"}, 4),
    ("not utf-8", b'{"prompt":"\xff\xfe"}', 4),
    ("deep json", b'{"prompt":' + b"[" * 100_000, 4),
    ("bad bot", {"prompt": "a", "botType": "DALLE"}, 4),
    ("bad mode", {"prompt": "a", "accountFilter": {"modes": ["WARP"]}}, 4),
    ("bad filter", {"prompt": "a", "accountFilter": []}, 4),
    ("long state", {"prompt": "a", "state": "x" * 256}, 4),
    ("bad hook", {"prompt": "a", "notifyHook": "ftp://x"}, 4),
    ("long hook", {"prompt": "a", "notifyHook": "http://" + "x" * 2000}, 4),
    ("not base64", {"prompt": "a", "base64Array": ["???"]}, 4),
    ("empty picture", {"prompt": "a", "base64Array": [""]}, 4),
    ("not a picture", {"prompt": "a", "base64Array": [base64.b64encode(b"hello").decode()]}, 4),
    ("cut picture", {"prompt": "a", "base64Array": [picture()[:40]]}, 4),
    ("a bomb", {"prompt": "a", "base64Array": [bomb(60_000, 60_000)]}, 4),
    ("many frames", {"prompt": "a", "base64Array": [animation(260)]}, 4),
    ("too many bytes", {"prompt": "a", "base64Array": ["A" * 17_000_000]}, 4),
    ("six pictures", {"prompt": "a", "base64Array": [picture()] * 6}, 4),
    ("second is bad", {"prompt": "a", "base64Array": [picture(), "x"]}, 4),
    ("unknown instance", {"prompt": "a", "accountFilter": {"instanceId": "nobody"}}, 3),
    ("unknown remark", {"prompt": "a", "accountFilter": {"remark": "nothing like it"}}, 3),
]


@pytest.mark.parametrize(("body", "code"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
async def test_wrong_imagine(gateway: Gateway, body: Any, code: int) -> None:
    raw = body.encode() if isinstance(body, str) else body
    reply = await gateway.client.call("POST", IMAGINE, raw, headers={"idempotency-key": "k"})
    assert reply.status == 200
    answer = reply.json
    assert answer["code"] == code, answer
    assert answer["description"]
    assert answer["result"] is None
    assert answer["properties"]["error"]
    assert answer["properties"]["charged"] is False
    assert await rows(gateway) == (0, 0, 0)


async def test_the_second_bad_picture_is_named(gateway: Gateway) -> None:
    body = {"prompt": "a", "base64Array": [picture(), "x"]}
    answer = await gateway.client.post(IMAGINE, body)
    assert answer["properties"]["param"] == "base64Array[1]"
    assert answer["description"] == "base64格式错误"


async def test_body_over_the_limit_is_not_read(gateway: Gateway) -> None:
    reply = await gateway.client.call("POST", IMAGINE, b"x" * (81 * 1024 * 1024))
    assert (reply.status, reply.json["code"]) == (413, 4)


WRONG_ACTIONS: list[tuple[Any, int]] = [
    ({}, 4),
    ({"taskId": "1234567890123456"}, 4),
    ({"taskId": "1234567890123456", "customId": "MJ::JOB::explode::1::x"}, 4),
    ({"taskId": "1", "customId": "MJ::BOOKMARK::00000000-0000-4000-8000-000000000000"}, 3),
    ({"taskId": 1234567890123456, "customId": "MJ::Job::PicReader::1"}, 3),
    ({"taskId": "task_0", "customId": "MJ::Job::PicReader::1"}, 3),
    ({"taskId": ["a"], "customId": "MJ::Job::PicReader::1"}, 4),
    ({"taskId": "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "customId": "MJ::Job::PicReader::1"}, 3),
]


@pytest.mark.parametrize(("body", "code"), WRONG_ACTIONS)
async def test_wrong_action(gateway: Gateway, body: Any, code: int) -> None:
    reply = await gateway.client.call("POST", "/mj/submit/action", body)
    assert (reply.status, reply.json["code"]) == (200, code), reply.json
    assert await rows(gateway) == (0, 0, 0)


async def test_buttons_that_the_result_does_not_have(gateway: Gateway) -> None:
    task = await gateway.client.until(await gateway.client.imagine("a --sandbox partial:2"))
    job = task["properties"]["messageHash"]
    other = "00000000-0000-4000-8000-000000000000"
    for custom_id in (
        f"MJ::JOB::upsample::4::{job}",
        f"MJ::JOB::upsample::1::{other}",
        f"MJ::JOB::pan_left::1::{job}::SOLO",
    ):
        body = {"taskId": task["id"], "customId": custom_id}
        assert (await gateway.client.post("/mj/submit/action", body))["code"] == 4
    unfinished = await gateway.client.imagine("a --sandbox slow:60")
    body = {"taskId": unfinished, "customId": f"MJ::JOB::upsample::1::{job}"}
    answer = await gateway.client.post("/mj/submit/action", body)
    assert (answer["code"], answer["description"]) == (4, "关联任务状态错误")


async def test_keys_that_do_not_open(gateway: Gateway) -> None:
    for key in ("", "sk-unknown", "sk-" + "x" * 5000):
        reply = await gateway.client.call("POST", IMAGINE, {"prompt": "a"}, key=key)
        assert (reply.status, reply.json["code"]) == (401, 401), key
        assert reply.json["properties"]["error"] == "not_authenticated"
    key = await gateway.new_key(actions=["upscale"])
    reply = await gateway.client.call("POST", IMAGINE, {"prompt": "a"}, key=key)
    assert (reply.status, reply.json["code"]) == (403, 403)
    key = await gateway.new_key(networks=["10.0.0.0/8"])
    reply = await gateway.client.call("POST", IMAGINE, {"prompt": "a"}, key=key)
    assert reply.status == 403
    assert await rows(gateway) == (0, 0, 0)


async def test_the_old_header_works_too(gateway: Gateway) -> None:
    headers = {"authorization": "", "mj-api-secret": gateway.client.key}
    assert await gateway.client.get("/mj/task/list", headers=headers) == []


async def test_another_accounts_task_does_not_exist(gateway: Gateway) -> None:
    mine = await gateway.client.imagine("a --sandbox slow:60")
    stranger = await gateway.new_account(DOLLAR)
    for method, path in (
        ("GET", f"/mj/task/{mine}/fetch"),
        ("POST", f"/mj/task/{mine}/cancel"),
        ("GET", f"/mj/image/{mine}"),
    ):
        reply = await gateway.client.call(method, path, key=stranger)
        assert (reply.status, reply.json["code"]) == (200, 3)
        assert reply.json["description"] == "关联任务不存在或已失效"
    assert await gateway.client.get("/mj/task/list", key=stranger) == []
    body = {"ids": [mine]}
    assert await gateway.client.post("/mj/task/list-by-condition", body, key=stranger) == []


async def test_no_balance_and_a_key_at_its_limit(gateway: Gateway) -> None:
    poor = await gateway.new_account(read_dollars("0.05"))
    answer = await gateway.client.post(IMAGINE, {"prompt": "a"}, key=poor)
    assert (answer["code"], answer["properties"]["error"]) == (4, "insufficient_funds")
    key = await gateway.new_key(spend_limit_nanos=read_dollars("0.06"))
    first = await gateway.client.post(IMAGINE, {"prompt": "a --sandbox fail:x"}, key=key)
    task = await gateway.client.until(first["result"])
    assert task["status"] == "FAILURE"
    # What a failed task held counts no more against the key.
    slow = await gateway.client.post(IMAGINE, {"prompt": "a --sandbox slow:60"}, key=key)
    assert slow["code"] == 1
    answer = await gateway.client.post(IMAGINE, {"prompt": "a"}, key=key)
    assert answer["properties"]["error"] == "insufficient_funds"


async def test_limits_of_a_key(gateway: Gateway) -> None:
    key = await gateway.new_key(concurrency=1)
    body = {"prompt": "a --sandbox slow:60"}
    assert (await gateway.client.post(IMAGINE, body, key=key))["code"] == 1
    answer = await gateway.client.post(IMAGINE, body, key=key)
    assert (answer["code"], answer["properties"]["error"]) == (23, "rate_limited")
    assert answer["properties"]["retry"] is True
    key = await gateway.new_key(rate_per_minute=2)
    codes = [(await gateway.client.post(IMAGINE, {}, key=key))["code"] for _ in range(3)]
    assert codes == [4, 4, 23]


async def test_queue_full_leaves_nothing(gateway: Gateway) -> None:
    house = gateway.house
    narrow = Channel("ch_narrow", "narrow", "sandbox", core_size=1, queue_size=1)
    await administer.create_channel(house.database, narrow)
    await house.catalogue.refresh()
    body = {"prompt": "a --sandbox slow:60", "accountFilter": {"instanceId": "ch_narrow"}}
    codes = [(await gateway.client.post(IMAGINE, body))["code"] for _ in range(3)]
    assert codes == [1, 22, 23]
    answer = await gateway.client.post(IMAGINE, body)
    assert answer["description"] == "队列已满，请稍后尝试"
    assert answer["result"] is None
    assert await rows(gateway) == (2, 2, 0)


async def test_english_on_request(gateway: Gateway) -> None:
    headers = {"accept-language": "en-US,en;q=0.9"}
    answer = await gateway.client.post(IMAGINE, {}, headers=headers)
    assert answer["description"] == "prompt must not be empty"


async def test_unknown_paths_and_methods_answer_json(gateway: Gateway) -> None:
    for method, path in (("GET", "/mj/nothing"), ("GET", IMAGINE), ("POST", "/mj-fast/mj/x/y")):
        reply = await gateway.client.call(method, path)
        assert (reply.status, reply.json["code"]) == (404, 404)


async def test_no_blank_after_colons(gateway: Gateway) -> None:
    reply = await gateway.client.call("POST", IMAGINE, {"prompt": "a --sandbox blank"})
    assert b'"code":1,' in reply.body
    assert b'": ' not in reply.body
