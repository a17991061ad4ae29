"""Connections: which are kept and used again, how long things may take, what errors say."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gesso.upstream.direct import Direct
from gesso.upstream.transfer import Broken, Sent, Transfer, Unreached, Unusable
from tests.conftest import free_port
from tests.rooms.upstream.scripted import (
    LOOPS,
    OK,
    Peer,
    Serve,
    Server,
    answering,
    finish,
    scripted,
)

pytestmark = pytest.mark.anyio

SOON_S = 0.05


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def finish_two(client: Direct, server: Server) -> None:
    """Make two calls that are under way at the same time."""
    both = [send(client, server), send(client, server)]
    for transfer in both:
        await transfer.head(5)
    for transfer in both:
        assert await transfer.read(5) == b"ok"
        await transfer.close()


def send(client: Direct, server: Server, body: bytes = b"{}") -> Transfer:
    return client.send(Sent("POST", server.url, {}, body))


# Connections that are kept --------------------------------------------------------------------


async def test_calls_in_turn_share_a_connection_and_calls_at_once_do_not() -> None:
    async with scripted(answering(OK)) as server:
        client = Direct(connect_s=5)
        for _ in range(3):
            assert await finish(send(client, server)) == b"ok"
        assert len(server.peers) == 1
        await finish_two(client, server)
        await finish_two(client, server)
        assert len(server.peers) == 2


async def test_places_do_not_share_connections() -> None:
    async with scripted(answering(OK)) as one, scripted(answering(OK)) as other:
        client = Direct(connect_s=5)
        for server in (one, other, one, other):
            assert await finish(send(client, server)) == b"ok"
        assert (len(one.peers), len(other.peers)) == (1, 1)


async def test_a_connection_that_was_closed_while_idle_is_forgotten() -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await idle.wait()

    idle = asyncio.Event()
    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        await finish(send(client, server))
        idle.set()
        await server.peers[0].left()
        assert await finish(send(client, server)) == b"ok"
        assert len(server.peers) == 2


def hanging_up(times: int) -> Serve:
    """Return who resets the first connections just when their second request arrives."""

    async def serve(peer: Peer) -> None:
        await peer.request()
        if 0 < peer.number < times:
            return
        await peer.say(OK)
        await peer.head()
        if peer.number < times:
            peer.reset()
        else:
            await peer.say(OK)

    return serve


async def test_a_request_that_met_a_closing_connection_is_sent_again_once() -> None:
    async with scripted(hanging_up(1)) as server:
        client = Direct(connect_s=5)
        await finish(send(client, server))
        assert await finish(send(client, server)) == b"ok"
        assert len(server.peers) == 2


async def test_it_is_not_sent_a_third_time() -> None:
    async with scripted(hanging_up(9)) as server:
        client = Direct(connect_s=5)
        await finish(send(client, server))
        with pytest.raises(Broken):
            await finish(send(client, server))
        assert len(server.peers) == 2


async def test_other_kept_connections_outlive_one_that_was_closed() -> None:
    async def serve(peer: Peer) -> None:
        while request := await peer.request():
            if request.body == b"break":
                peer.reset()
            else:
                await peer.say(OK)

    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        await finish_two(client, server)
        with pytest.raises(Broken):
            await finish(send(client, server, b"break"))
        await finish(send(client, server))
        assert len(server.peers) == 3  # The third is the one of the second try.


async def test_a_request_is_not_sent_again_once_anything_was_heard() -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await peer.say(b"HTTP/1.1 2")

    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        await finish(send(client, server))
        with pytest.raises(Broken):
            await finish(send(client, server))
        assert len(server.peers) == 1


async def test_a_body_in_pieces_is_not_sent_again() -> None:
    opened = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal opened
        opened += 1
        yield b"ab"

    async with scripted(hanging_up(1)) as server:
        client = Direct(connect_s=5)
        await finish(send(client, server))
        with pytest.raises(Broken):
            await finish(client.send(Sent("POST", server.url, {}, pieces)))
        assert (len(server.peers), opened) == (1, 1)


async def test_what_is_idle_for_long_is_closed() -> None:
    async def serve(peer: Peer) -> None:
        await answering(OK)(peer)
        left[peer.number].set()

    left = [asyncio.Event(), asyncio.Event()]
    async with scripted(serve) as server:
        client = Direct(connect_s=5, idle_s=SOON_S)
        await finish(send(client, server))
        await asyncio.wait_for(left[0].wait(), 5)
        await finish(send(client, server))
        await asyncio.wait_for(left[1].wait(), 5)
        assert len(server.peers) == 2


async def test_no_more_are_kept_than_are_allowed() -> None:
    async def serve(peer: Peer) -> None:
        await answering(OK)(peer)
        left.set()

    left = asyncio.Event()
    async with scripted(serve) as server:
        client = Direct(connect_s=5, most_idle=1)
        await finish_two(client, server)
        await asyncio.wait_for(left.wait(), 5)
        await finish(send(client, server))
        assert len(server.peers) == 2


# Times ----------------------------------------------------------------------------------------


async def silent(peer: Peer) -> None:
    await peer.left()


async def test_head_and_pieces_are_waited_for_so_long() -> None:
    async def serve(peer: Peer) -> None:
        if peer.number:
            await peer.say(OK[:-1])
        await peer.left()

    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        mute = send(client, server)
        with pytest.raises(TimeoutError):
            await mute.head(SOON_S)
        await mute.close()
        stuck = send(client, server)
        await stuck.head(5)
        assert await stuck.read(5) == b"o"
        with pytest.raises(TimeoutError):
            await stuck.read(SOON_S)
        await stuck.close()
        await asyncio.gather(*server.tasks)  # Both connections are closed.


@pytest.mark.parametrize("what", ["head", "read"])
async def test_who_gives_up_leaves_nothing_behind(what: str) -> None:
    async def serve(peer: Peer) -> None:
        assert await peer.request()
        if what == "read":
            await peer.say(OK[:-2])
        begun.set()
        await peer.left()

    begun = asyncio.Event()
    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        transfer = send(client, server)
        if what == "read":
            await transfer.head(5)
        waiting: Awaitable[Any] = transfer.read(5) if what == "read" else transfer.head(5)
        task = asyncio.ensure_future(waiting)
        await begun.wait()
        before = asyncio.all_tasks() - {task}
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await transfer.close()
        assert asyncio.all_tasks() <= before
        await server.tasks[0]


async def test_connecting_may_take_so_long_and_be_given_up() -> None:
    """A TLS handshake that never ends is what a loopback has to wait for."""
    async with scripted(silent) as server:
        secure = Sent("GET", server.url.replace("http:", "https:"), {})
        with pytest.raises(Unreached, match="it takes too long"):
            await finish(Direct(connect_s=SOON_S).send(secure))
        transfer = Direct(connect_s=5).send(secure)
        task = asyncio.ensure_future(transfer.head(5))
        while len(server.peers) < 2:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await transfer.close()
        await asyncio.gather(*server.tasks)


async def test_who_hangs_up_at_once_is_not_waited_for() -> None:
    async def serve(peer: Peer) -> None:
        peer.reset()

    async with scripted(serve) as server, asyncio.timeout(5):
        for _ in range(20):
            with pytest.raises((Unreached, Broken)):
                await finish(send(Direct(connect_s=5), server))


# What errors say ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://nowhere.invalid/secret", "its name is not known"),
        (f"http://{'a' * 64}.example/", "its name is not known"),
        ("http://127.0.0.1:{free}/", "nobody answers there"),
        ("http://[::1]:{free}/", "nobody answers there"),
    ],
)
async def test_who_cannot_be_reached_is_not_named(url: str, reason: str) -> None:
    sent = Sent("GET", url.replace("{free}", str(free_port())), {})
    with pytest.raises(Unreached) as caught:
        await finish(Direct(connect_s=5).send(sent))
    assert str(caught.value) == reason


async def test_what_is_no_url_is_refused_at_once() -> None:
    for url in ("file:///etc/passwd", "http://a\n.example/", "nonsense", "http://a:99999/"):
        with pytest.raises(Unusable):
            Direct(connect_s=5).send(Sent("GET", url, {}))


# TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    text = serialization.Encoding.PEM
    private = key.private_bytes(
        text, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(text))
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificate)
    return found


async def test_tls_is_spoken_and_its_connections_are_kept(
    context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    large = b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + bytes(3_000_000)
    async with scripted(answering(OK, large, OK), context) as server:
        client = Direct(connect_s=5)
        secure = Sent("POST", server.url.replace("http:", "https:"), {}, bytes(1_000_000))
        assert await finish(client.send(secure)) == b"ok"
        assert await finish(client.send(secure)) == bytes(3_000_000)
        assert await finish(client.send(secure)) == b"ok"
        assert len(server.peers) == 1


async def test_a_certificate_that_nobody_signed_is_not_trusted(context: ssl.SSLContext) -> None:
    async with scripted(silent, context) as server:
        secure = Sent("GET", server.url.replace("http:", "https:"), {})
        with pytest.raises(Unreached) as caught:
            await finish(Direct(connect_s=5).send(secure))
        assert str(caught.value) == "its certificate is not trusted"


async def test_who_speaks_no_tls_is_told_so() -> None:
    async def serve(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.left()

    async with scripted(serve) as server:
        secure = Sent("GET", server.url.replace("http:", "https:"), {})
        with pytest.raises(Unreached) as caught:
            await finish(Direct(connect_s=5).send(secure))
        assert str(caught.value) == "it speaks no TLS"
