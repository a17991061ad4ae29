"""Signatures of callbacks and links."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gesso.kit import signing


def test_the_published_vector_of_standard_webhooks() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = signing.sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_rotation_has_no_gap() -> None:
    old, new = signing.new_secret(), signing.new_secret()
    headers = signing.sign([new, old], "evt_1", 1000, b"{}")
    assert signing.verify(old, headers, b"{}", now=1000)
    assert signing.verify(new, headers, b"{}", now=1100)
    assert not signing.verify(signing.new_secret(), headers, b"{}", now=1000)
    assert not signing.verify(new, headers, b"{ }", now=1000)
    assert not signing.verify(new, headers, b"{}", now=1000 + signing.TOLERANCE_S + 1)
    assert not signing.verify(new, {}, b"{}", now=1000)


@given(st.binary(min_size=16), st.text(), st.integers(0, 10**11))
def test_links_work_until_they_expire(secret: bytes, path: str, expires: int) -> None:
    path = path.encode("utf-8", "ignore").decode()
    query = dict(part.split("=", 1) for part in signing.sign_link(secret, path, expires).split("&"))
    sent = (query["expires"], query["signature"])
    assert signing.check_link(secret, path, *sent, now=expires)
    assert not signing.check_link(secret, path, *sent, now=expires + 1)
    assert not signing.check_link(secret, path + "x", *sent, now=expires)
    assert not signing.check_link(secret + b"x", path, *sent, now=expires)
    assert not signing.check_link(secret, path, "１", sent[1], now=0)
