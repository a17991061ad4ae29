import base64
from urllib.parse import parse_qs

import pytest

from gesso.kit.signing import TOLERANCE_S, check_link, new_secret, sign, sign_link, verify

# The reference vector of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signs_the_reference_vector() -> None:
    assert sign([SECRET], ID, STAMP, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": str(STAMP),
        "webhook-signature": SIGNATURE,
    }


def test_new_secrets_are_24_random_bytes() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 24


def test_both_secrets_are_good_while_they_overlap() -> None:
    old, new = new_secret(), new_secret()
    headers = sign([new, old], ID, STAMP, BODY)
    assert verify(old, headers, BODY, now=STAMP)
    assert verify(new, headers, BODY, now=STAMP)
    assert not verify(new_secret(), headers, BODY, now=STAMP)


@pytest.mark.parametrize("off", [-TOLERANCE_S, 0, TOLERANCE_S])
def test_a_fresh_callback_is_good(off: int) -> None:
    assert verify(SECRET, sign([SECRET], ID, STAMP, BODY), BODY, now=STAMP + off)


@pytest.mark.parametrize("off", [-TOLERANCE_S - 1, TOLERANCE_S + 1])
def test_an_old_or_early_callback_is_not(off: int) -> None:
    assert not verify(SECRET, sign([SECRET], ID, STAMP, BODY), BODY, now=STAMP + off)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": str(STAMP + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": f" {STAMP}"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": SIGNATURE.removeprefix("v1,")},
        {"webhook-signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook-signature": "v1,ключ \udc80"},
    ],
)
def test_changed_headers_are_refused(change: dict[str, str]) -> None:
    headers = sign([SECRET], ID, STAMP, BODY) | change
    assert not verify(SECRET, headers, BODY, now=STAMP)


def test_a_changed_body_or_a_missing_header_is_refused() -> None:
    headers = sign([SECRET], ID, STAMP, BODY)
    assert not verify(SECRET, headers, BODY + b" ", now=STAMP)
    for name in headers:
        part = {k: v for k, v in headers.items() if k != name}
        assert not verify(SECRET, part, BODY, now=STAMP)


@pytest.mark.parametrize("secret", ["whsec_", "", "whsec_not base64", "whsec_abc"])
def test_a_broken_secret_is_our_mistake(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        sign([secret], ID, STAMP, BODY)
    with pytest.raises(ValueError, match="webhook secret"):
        verify(secret, {}, BODY, now=STAMP)


def test_no_secret_at_all_signs_nothing() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sign([], ID, STAMP, BODY)
    with pytest.raises(ValueError, match="at least one"):
        sign(SECRET, ID, STAMP, BODY)


def link(path: str = "/pictures/1/1.png", expires: int = 1000) -> tuple[str, str]:
    query = parse_qs(sign_link(b"key", path, expires), strict_parsing=True)
    return query["expires"][0], query["signature"][0]


def test_a_link_works_until_it_expires() -> None:
    expires, signature = link()
    assert check_link(b"key", "/pictures/1/1.png", expires, signature, now=1000)
    assert not check_link(b"key", "/pictures/1/1.png", expires, signature, now=1001)


def test_a_changed_link_is_refused() -> None:
    expires, signature = link()
    assert not check_link(b"other", "/pictures/1/1.png", expires, signature, now=0)
    assert not check_link(b"key", "/pictures/1/2.png", expires, signature, now=0)
    assert not check_link(b"key", "/pictures/1/1.png", "2000", signature, now=0)
    assert not check_link(b"key", "/pictures/1/1.png", expires, signature[:-1], now=0)


@pytest.mark.parametrize("expires", ["", "-1", "1e3", "１０００", "1_000", "9" * 5000])
def test_an_expiry_that_is_no_number_is_refused(expires: str) -> None:
    assert not check_link(b"key", "/pictures/1/1.png", expires, link()[1], now=0)


@pytest.mark.parametrize("signature", ["", "é", "\udc80", "x" * 10_000])
def test_a_strange_signature_is_refused(signature: str) -> None:
    assert not check_link(b"key", "/pictures/1/1.png", "1000", signature, now=0)
