"""Keys in every spelling that clients use."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from gesso.domain.caller import Role
from gesso.domain.errors import NotAllowed, NotAuthenticated, RateLimited
from gesso.http.auth import Doorkeeper, read_secret
from gesso.http.limits import Pace
from gesso.services.authenticate import Authenticator
from tests.rooms.customer import Customer


def request(*headers: tuple[str, str], client: str | None = "127.0.0.1") -> Request:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "headers": raw, "client": (client, 1) if client else None})


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ([("Authorization", "Bearer sk-1")], "sk-1"),
        ([("authorization", "bearer   sk-1  ")], "sk-1"),
        ([("Authorization", "sk-1")], "sk-1"),
        ([("mj-api-secret", " sk-2 ")], "sk-2"),
        ([("Authorization", "Bearer sk-1"), ("mj-api-secret", "sk-2")], "sk-1"),
        ([("Authorization", "Basic abc"), ("mj-api-secret", "sk-2")], "sk-2"),
        ([("Authorization", ""), ("mj-api-secret", "")], None),
        ([], None),
    ],
)
def test_where_the_key_is(headers: list[tuple[str, str]], secret: str | None) -> None:
    assert read_secret(request(*headers).scope) == secret


@pytest.mark.anyio
async def test_who_was_here_a_moment_ago_is_let_in_at_once(small_customer: Customer) -> None:
    door = Doorkeeper(Authenticator(small_customer.house.database), Pace())
    slow = await small_customer.with_limits(rate_per_minute=2, networks=["127.0.0.0/8"])
    mine = ("Authorization", f"Bearer {slow.secret}")
    assert door.admit_known(request().scope) is None
    assert door.admit_known(request(mine).scope) is None
    await door.admit(request(mine))
    found = door.admit_known(request(mine).scope)
    assert found is not None
    assert found.account_id == small_customer.key.account_id
    with pytest.raises(RateLimited):
        door.admit_known(request(mine).scope)
    with pytest.raises(NotAllowed):
        door.admit_known(request(mine, client=None).scope)


@pytest.mark.anyio
async def test_who_is_let_in(small_customer: Customer) -> None:
    door = Doorkeeper(Authenticator(small_customer.house.database), Pace())
    sent = request(("Authorization", f"Bearer {small_customer.secret}"))
    assert (await door.admit(sent)).id == small_customer.key.id
    with pytest.raises(NotAllowed, match="admin"):
        await door.admit_admin(sent)
    admin = await small_customer.with_limits(role=Role.ADMIN)
    assert await door.admit_admin(request(("mj-api-secret", admin.secret)))
    with pytest.raises(NotAuthenticated):
        await door.admit(request())
    slow = await small_customer.with_limits(rate_per_minute=1, networks=["127.0.0.0/8"])
    mine = ("Authorization", slow.secret)
    await door.admit(request(mine))
    with pytest.raises(RateLimited):
        await door.admit(request(mine))
    with pytest.raises(NotAllowed):
        await door.admit(request(mine, client=None))
