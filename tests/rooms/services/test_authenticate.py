"""Who asks: revoked, expired and misplaced keys are refused, and soon."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from gesso.domain.errors import NotAllowed, NotAuthenticated
from gesso.kit import clock
from gesso.services import administer
from gesso.services.authenticate import Authenticator
from gesso.storage import keys
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


@pytest.fixture
def authenticator(small_customer: Customer) -> Authenticator:
    return Authenticator(small_customer.house.database)


@pytest.mark.parametrize("secret", [None, "", "sk-unknown", "sk-\udc80", "x" * 10_000])
async def test_what_is_no_key(authenticator: Authenticator, secret: str | None) -> None:
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            await authenticator.authenticate(secret, "127.0.0.1")
    assert authenticator._known == {}


async def test_a_revoked_key_is_refused_once_it_is_read_again(
    small_customer: Customer, authenticator: Authenticator
) -> None:
    key = await authenticator.authenticate(small_customer.secret, None)
    assert key.id == small_customer.key.id
    await administer.revoke_key(small_customer.house.database, key.id)
    authenticator.forget()
    with pytest.raises(NotAuthenticated, match="revoked"):
        await authenticator.authenticate(small_customer.secret, None)


async def test_a_key_that_was_being_read_when_it_was_revoked_is_read_again(
    small_customer: Customer, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, has_read, find = asyncio.Event(), asyncio.Event(), keys.find_by_secret

    async def slow(*asked: Any) -> Any:
        found = await find(*asked)
        if not has_read.is_set():
            has_read.set()
            await goes_on.wait()
        return found

    monkeypatch.setattr(keys, "find_by_secret", slow)
    early = asyncio.create_task(authenticator.authenticate(small_customer.secret, None))
    await has_read.wait()
    await administer.revoke_key(small_customer.house.database, small_customer.key.id)
    authenticator.forget()
    async with asyncio.timeout(5):  # does not share the early question
        with pytest.raises(NotAuthenticated, match="revoked"):
            await authenticator.authenticate(small_customer.secret, None)
    goes_on.set()
    await early  # asked before it was revoked
    with pytest.raises(NotAuthenticated, match="revoked"):
        await authenticator.authenticate(small_customer.secret, None)


async def test_an_expired_key_is_refused_while_it_is_still_at_hand(
    small_customer: Customer, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = clock.now() + timedelta(seconds=60)
    brief = await small_customer.with_limits(expires_at=ends)
    await authenticator.authenticate(brief.secret, None)
    monkeypatch.setattr(clock, "now", lambda: ends)
    with pytest.raises(NotAuthenticated, match="expired"):
        await authenticator.authenticate(brief.secret, None)


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("fd00::5", True),
        ("11.0.0.1", False), ("::ffff:11.0.0.1", False), (None, False), ("unix", False),
    ],
)  # fmt: skip
async def test_a_key_is_bound_to_networks(
    small_customer: Customer, authenticator: Authenticator, address: str | None, fine: bool
) -> None:
    bound = await small_customer.with_limits(networks=["10.0.0.0/8", "fd00::/8"])
    if fine:
        await authenticator.authenticate(bound.secret, address)
        return
    with pytest.raises(NotAllowed):
        await authenticator.authenticate(bound.secret, address)


async def test_many_requests_with_a_key_cost_one_question(
    small_customer: Customer, authenticator: Authenticator
) -> None:
    asked: list[object] = []
    engine = small_customer.house.database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *v: asked.append(v[2]))
    secret = small_customer.secret
    await asyncio.gather(*(authenticator.authenticate(secret, None) for _ in range(50)))
    assert len(asked) == 1


async def test_a_key_is_known_for_a_moment_after_it_was_read(
    small_customer: Customer, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = small_customer.secret
    assert authenticator.known(secret, None) is None
    assert authenticator.known(None, None) is None
    read = await authenticator.authenticate(secret, None)
    assert authenticator.known(secret, None) is read
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1.1)
    assert authenticator.known(secret, None) is None
