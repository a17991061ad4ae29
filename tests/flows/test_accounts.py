"""Channels as accounts of the Midjourney wire (section 4.4), over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from gesso.domain.caller import Role
from gesso.services import administer
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio

NEW = {
    "guildId": "11", "channelId": "22", "userToken": "very-secret-token", "remark": "east",
    "coreSize": 2, "queueSize": 4, "timeoutMinutes": 7, "weight": 3,
}  # fmt: skip


async def test_an_account_lives(gateway: Gateway) -> None:
    client = gateway.client
    made = await client.post("/mj/account/create", NEW)
    assert (made["code"], made["description"]) == (1, "成功")
    account = await client.get(f"/mj/account/{made['result']}/fetch")
    assert account["channelId"] == "22"
    assert account["timeoutMinutes"] == 7
    assert account["userToken"] is None
    assert "very-secret-token" not in str(account)
    path = f"/mj/account/{made['result']}"
    for verb, body in (("update", {"remark": "west"}), ("update-reconnect", {"coreSize": 9})):
        reply = await client.call("PUT", f"{path}/{verb}", body)
        assert reply.json["code"] == 1
    account = await client.get(f"{path}/fetch")
    assert (account["remark"], account["coreSize"], account["queueSize"]) == ("west", 9, 4)
    assert account["weight"] == account["properties"]["weight"] == 3
    synced = await client.post(f"{path}/sync-info")
    assert synced["result"]["id"] == made["result"]
    listed = await client.get("/mj/account/list")
    assert {a["id"] for a in listed} == {made["result"], "ch_sandbox"}
    gone = await client.call("DELETE", f"{path}/delete")
    assert gone.json["code"] == 1
    assert (await client.get(f"{path}/fetch"))["code"] == 3


async def test_the_filter_finds_the_account(gateway: Gateway) -> None:
    made = await gateway.client.post("/mj/account/create", NEW)
    for wanted in (
        {"instanceId": made["result"]}, {"channelId": "22"}, {"remark": "eas"}, {"remix": False},
    ):  # fmt: skip
        body = {"prompt": "a --sandbox blank", "accountFilter": wanted}
        answer = await gateway.client.post("/mj/submit/imagine", body)
        assert answer["code"] in {1, 22}
        if "remix" not in wanted:
            assert answer["properties"]["discordInstanceId"] == made["result"]
    for wanted, reason in (
        ({"instanceId": "nobody"}, "nobody"),
        ({"remark": "north"}, "north"),
        ({"remix": True}, "remix on"),
    ):
        body = {"prompt": "a", "accountFilter": wanted}
        answer = await gateway.client.post("/mj/submit/imagine", body)
        assert answer["code"] == 3
        assert reason in answer["description"]


async def test_switches_and_versions(gateway: Gateway) -> None:
    path = "/mj/account/ch_sandbox"
    pressed = await gateway.client.post(f"{path}/action?customId=MJ::Settings::RemixMode")
    styles = {b["customId"]: b["style"] for b in pressed["result"]["buttons"]}
    assert styles["MJ::Settings::RemixMode"] == 3
    remix = {"prompt": "a --sandbox blank", "accountFilter": {"remix": True}}
    assert (await gateway.client.post("/mj/submit/imagine", remix))["code"] == 1
    pressed = await gateway.client.post(f"{path}/action?customId=MJ::Settings::RemixMode")
    assert {b["style"] for b in pressed["result"]["buttons"]} == {2}
    changed = await gateway.client.post(f"{path}/change-version?version=5.2")
    assert changed["code"] == 1
    plain = await gateway.client.until(await gateway.client.imagine("a boat"))
    assert plain["promptEn"] == "a boat --v 5.2"
    named = await gateway.client.until(await gateway.client.imagine("a boat --v 7"))
    assert named["promptEn"] == "a boat --v 7"
    for query in ("change-version?version=99", "action?customId=MJ::Settings::Nothing"):
        assert (await gateway.client.post(f"{path}/{query}"))["code"] == 4


async def test_pages_of_accounts(gateway: Gateway) -> None:
    for number in range(4):
        await gateway.client.post("/mj/account/create", NEW | {"channelId": str(number)})
    page = await gateway.client.post("/mj/account/query", {"pageNumber": 1, "pageSize": 2})
    assert (page["totalElements"], page["totalPages"], page["number"]) == (5, 3, 1)
    assert len(page["content"]) == page["numberOfElements"] == 2
    east = await gateway.client.post("/mj/account/query", {"remark": "EAST"})
    assert east["totalElements"] == 4


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"guildId": "1"}, "channel_id"),
        (NEW | {"coreSize": 0}, "core_size"),
        (NEW | {"timeoutMinutes": 0}, "timeoutMinutes"),
        (NEW | {"status": "SLEEPING"}, "status"),
        (NEW | {"baseUrl": "ftp://x"}, "base_url"),
        (NEW | {"provider": "nobody"}, "provider"),
    ],
)
async def test_a_wrong_account_is_refused(gateway: Gateway, body: Any, param: str) -> None:
    reply = await gateway.client.post("/mj/account/create", body)
    assert (reply["code"], reply["properties"]["param"]) == (4, param)
    assert len(await gateway.client.get("/mj/account/list")) == 1


async def test_only_operators_see_and_change_accounts(gateway: Gateway) -> None:
    member = await gateway.new_key()
    for method, path in (("GET", "list"), ("POST", "create"), ("DELETE", "ch_sandbox/delete")):
        reply = await gateway.client.call(method, f"/mj/account/{path}", key=member)
        assert (reply.status, reply.json["code"]) == (403, 403)
    viewer = (
        await administer.create_key(
            gateway.house.database, administer.FIRST_ACCOUNT, "eyes", role=Role.VIEWER
        )
    ).secret
    assert len(await gateway.client.get("/mj/account/list", key=viewer)) == 1
    reply = await gateway.client.call("POST", "/mj/account/create", NEW, key=viewer)
    assert reply.status == 403
