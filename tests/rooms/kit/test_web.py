import asyncio
import gzip
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest

from gesso.kit import web
from gesso.kit.web import Guard, WebRefused, WebUnavailable, open_client

pytestmark = pytest.mark.anyio

LOOPBACK = frozenset({ip_network("127.0.0.0/8")})
PUBLIC = "93.184.215.14"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def moved(to: str, status: str = "302 Found") -> bytes:
    return answer(b"", status, location=to)


@dataclass
class Site:
    """A real server on loopback that answers prepared bytes by path and keeps what it heard."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = b""
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        body = await reader.readexactly(int(line.split(b":")[1]))
                self.heard.append(head + body)
                path = head.split(b" ")[1].decode()
                if path == "/silent":
                    await asyncio.sleep(30)
                if path == "/drip":
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                    for _ in range(300):
                        writer.write(b".")
                        await writer.drain()
                        await asyncio.sleep(0.1)
                writer.write(self.pages.get(path) or answer(b"none", "404 Not Found"))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with serving(site.talk) as site.port:
        yield site


def names(**known: list[str]) -> web.Resolve:
    async def resolver(host: str, port: int) -> list[str]:
        return known[host.partition(".")[0]]

    return resolver


async def reason_of(guard: Guard, url: str) -> str:
    with pytest.raises(WebRefused) as refused:
        await guard.get(url, max_bytes=1000, timeout_s=5)
    return refused.value.reason


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "url",
        [
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:text/plain,x",
            "/relative",
            "",
            "http://",
            "http://user@example.com/",
            "http://user:secret@example.com/",
            "http://:secret@example.com/",
            "http://exa mple.com/",
            "http://[fe80::1%25eth0]/",
            "http://example.com:99999/",
        ],
    )
    async def test_what_is_not_a_plain_web_url(self, url: str) -> None:
        assert await reason_of(Guard(resolver=names(example=[PUBLIC])), url) == "bad_url"

    @pytest.mark.parametrize("port", [0, 22, 25, 1023])
    async def test_ports_of_other_services(self, port: int) -> None:
        guard = Guard(resolver=names(example=[PUBLIC]))
        assert await reason_of(guard, f"http://example.com:{port}/") == "bad_port"

    async def test_ports_are_the_operators_choice(self) -> None:
        guard = Guard(low_ports=frozenset({81}), resolver=names(example=[PUBLIC]))
        assert (await guard.check("http://example.com:81/")).addresses == (PUBLIC,)
        assert (await guard.check("http://example.com:8080/")).host == "example.com"
        with pytest.raises(WebRefused):
            await guard.check("http://example.com/")

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "127%2e0%2e0%2e1",
            "１２７.0.0.1",
            "127。0。0。1",
            "0",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[ff0e::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::10.0.0.1]",
            "[2002:7f00:1::1]",
            "[2001:0:5db8:d70e::f5ff:fffe]",
        ],
    )
    async def test_private_addresses_in_every_notation(self, host: str) -> None:
        assert await reason_of(Guard(), f"http://{host}/") == "private_address"

    async def test_names_of_private_addresses(self) -> None:
        guard = Guard(resolver=names(inner=["10.1.2.3"], mixed=[PUBLIC, "::1"], six=["fe80::1%2"]))
        for host in ("inner", "mixed", "six"):
            assert await reason_of(guard, f"http://{host}.example.com/") == "private_address"

    async def test_localhost_by_the_real_resolver(self) -> None:
        assert await reason_of(Guard(), "http://localhost:8080/") == "private_address"
        assert await reason_of(Guard(), "http://LOCALHOST/") == "private_address"

    @pytest.mark.parametrize(
        "host", [PUBLIC, "[2606:4700::1111]", "[64:ff9b::5db8:d70e]", "[::ffff:93.184.215.14]"]
    )
    async def test_public_addresses_are_not(self, host: str) -> None:
        assert (await Guard().check(f"https://{host}/")).addresses == (host.strip("[]"),) or (
            "ffff" in host
        )

    @pytest.mark.parametrize("host", [r"127.0.0.1\x.evil.com", "127%2e0%2e0%2e1", "127。0。0。1"])
    async def test_a_host_is_read_as_the_connection_reads_it(self, site: Site, host: str) -> None:
        """A second parser saw another host in these, asked DNS about it and let them pass."""

        async def anything_is_public(host: str, port: int) -> list[str]:
            return [PUBLIC]

        url = f"http://{host.replace(chr(92), f':{site.port}{chr(92)}', 1)}"
        url = url if "\\" in url else f"{url}:{site.port}/"
        assert await reason_of(Guard(resolver=anything_is_public), url) == "private_address"
        assert site.connections == 0


class TestRedirects:
    @pytest.mark.parametrize(
        "to",
        [
            "http://10.0.0.1/",
            "//169.254.169.254/latest/meta-data/",
            "http://[::1]/",
            "http://inner.example.com/",
        ],
    )
    async def test_to_a_private_address_is_refused(self, site: Site, to: str) -> None:
        site.pages["/"] = moved(to)
        guard = Guard(allow_private=LOOPBACK, resolver=names(inner=["192.168.0.9"]))
        assert await reason_of(guard, site.url()) == "private_address"

    @pytest.mark.parametrize("to", ["file:///etc/passwd", "http://a:b@127.0.0.1/", "http://["])
    async def test_to_another_kind_of_url_is_refused(self, site: Site, to: str) -> None:
        site.pages["/"] = moved(to)
        assert await reason_of(Guard(allow_private=LOOPBACK), site.url()) == "bad_url"

    async def test_are_followed_relatively_and_across_hosts(self, site: Site) -> None:
        site.pages["/a/b"] = moved("../c", "307 Temporary Redirect")
        site.pages["/c"] = moved(site.url("/d", "other.example.com"), "301 Moved Permanently")
        site.pages["/d"] = answer(b"there")
        guard = Guard(allow_private=LOOPBACK, resolver=names(other=["127.0.0.1"]))
        assert (await guard.get(site.url("/a/b"), max_bytes=10, timeout_s=5)).body == b"there"

    async def test_end_after_five(self, site: Site) -> None:
        for n in range(6):
            site.pages[f"/{n}"] = moved(f"/{n + 1}")
        site.pages["/6"] = answer(b"far")
        guard = Guard(allow_private=LOOPBACK)
        assert (await guard.get(site.url("/1"), max_bytes=10, timeout_s=5)).body == b"far"
        assert await reason_of(guard, site.url("/0")) == "too_many_redirects"

    async def test_of_a_post_are_handed_back(self, site: Site) -> None:
        site.pages["/"] = moved("/elsewhere", "307 Temporary Redirect")
        guard = Guard(allow_private=LOOPBACK)
        got = await guard.post(site.url(), b"x", headers={}, timeout_s=5)
        assert (got.status, len(site.heard)) == (307, 1)


class TestTheConnection:
    async def test_goes_to_the_checked_address_under_its_own_name(self, site: Site) -> None:
        site.pages["/"] = answer(b"hello", x_seen="Yes")
        guard = Guard(allow_private=LOOPBACK, resolver=names(pinned=["127.0.0.1"]))
        # The system's resolver knows no .invalid, so only the pin can lead anywhere.
        got = await guard.get(site.url(host="Pinned.invalid"), max_bytes=10, timeout_s=5)
        assert (got.status, got.body, got.headers["x-seen"]) == (200, b"hello", "Yes")
        assert f"host: pinned.invalid:{site.port}".encode() in site.heard[0].lower()

    async def test_is_pinned_for_international_names_too(self, site: Site) -> None:
        site.pages["/"] = answer(b"servus")
        asked: list[str] = []

        async def resolver(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"]

        guard = Guard(allow_private=LOOPBACK, resolver=resolver)
        for host in ("bücher.invalid", "BÜCHER.invalid.", "x_y.invalid"):
            got = await guard.get(site.url(host=host), max_bytes=10, timeout_s=5)
            assert got.body == b"servus"
        assert asked == ["xn--bcher-kva.invalid", "xn--bcher-kva.invalid.", "x_y.invalid"]

    async def test_every_call_is_checked_again(self, site: Site) -> None:
        site.pages["/"] = answer(b"")
        turns = [["127.0.0.1"], ["10.0.0.1"]]

        async def rebinding(host: str, port: int) -> list[str]:
            return turns.pop(0)

        guard = Guard(allow_private=LOOPBACK, resolver=rebinding)
        await guard.get(site.url(host="a.invalid"), max_bytes=10, timeout_s=5)
        assert await reason_of(guard, site.url(host="a.invalid")) == "private_address"

    async def test_names_the_host_in_tls(self) -> None:
        hello = b""

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal hello
            hello = await reader.read(4096)
            writer.close()

        guard = Guard(allow_private=LOOPBACK, resolver=names(tls=["127.0.0.1"]))
        async with serving(listen) as port:
            with pytest.raises(WebUnavailable):
                await guard.get(f"https://tls.invalid:{port}/", max_bytes=10, timeout_s=5)
        assert b"tls.invalid" in hello

    async def test_tries_the_next_address(self, site: Site) -> None:
        site.pages["/"] = answer(b"second")
        both = names(two=["127.0.0.77", "127.0.0.1"])
        guard = Guard(allow_private=LOOPBACK, resolver=both)
        got = await guard.post(site.url(host="two.invalid"), b"x", headers={}, timeout_s=5)
        assert got.body == b"second"
        assert len(site.heard) == 1

    async def test_ignores_the_proxies_of_the_environment(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        site.pages["/"] = answer(b"direct")
        guard = Guard(allow_private=LOOPBACK, resolver=names(a=["127.0.0.1"]))
        got = await guard.get(site.url(host="a.invalid"), max_bytes=10, timeout_s=5)
        assert got.body == b"direct"

    async def test_is_kept_for_the_next_call(self, site: Site) -> None:
        site.pages["/"] = answer(b"ok")
        guard = Guard(allow_private=LOOPBACK)
        for _ in range(20):
            await guard.get(site.url(), max_bytes=10, timeout_s=5)
        assert site.connections == 1

    async def test_clients_are_let_go_of(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "_MAX_CLIENTS", 2)
        site.pages["/"] = answer(b"ok")

        async def resolver(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        guard = Guard(allow_private=LOOPBACK, resolver=resolver)
        calls = (
            guard.get(site.url(host=f"h{n}.invalid"), max_bytes=10, timeout_s=10) for n in range(12)
        )
        assert [got.body for got in await asyncio.gather(*calls)] == [b"ok"] * 12
        assert len(guard._clients) == 2

    async def test_posts_body_and_headers(self, site: Site) -> None:
        site.pages["/hook"] = answer(b"thanks", "202 Accepted")
        got = await Guard(allow_private=LOOPBACK).post(
            site.url("/hook"), b'{"a":1}', headers={"webhook-id": "msg_1"}, timeout_s=5
        )
        assert (got.status, got.body) == (202, b"thanks")
        assert site.heard[0].startswith(b"POST /hook ")
        assert site.heard[0].endswith(b'\r\n\r\n{"a":1}')
        assert b"webhook-id: msg_1" in site.heard[0].lower()


class TestLimits:
    async def test_size_up_to_the_limit(self, site: Site) -> None:
        site.pages["/"] = answer(b"x" * 1000)
        guard = Guard(allow_private=LOOPBACK)
        assert len((await guard.get(site.url(), max_bytes=1000, timeout_s=5)).body) == 1000
        with pytest.raises(WebRefused, match="999 bytes"):
            await guard.get(site.url(), max_bytes=999, timeout_s=5)

    async def test_size_that_is_not_announced(self, site: Site) -> None:
        chunk = b"%x\r\n%b\r\n" % (5000, b"x" * 5000)
        head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        site.pages["/"] = head + chunk * 100 + b"0\r\n\r\n"
        assert await reason_of(Guard(allow_private=LOOPBACK), site.url()) == "too_large"

    async def test_a_compressed_bomb(self, site: Site) -> None:
        bomb = gzip.compress(bytes(50_000_000))
        site.pages["/"] = answer(bomb, content_encoding="gzip")
        guard = Guard(allow_private=LOOPBACK)
        with pytest.raises(WebRefused) as refused:
            await guard.get(site.url(), max_bytes=100_000, timeout_s=5)
        assert refused.value.reason == "too_large"

    async def test_compression_itself_is_fine(self, site: Site) -> None:
        site.pages["/"] = answer(gzip.compress(b"text"), content_encoding="gzip")
        got = await Guard(allow_private=LOOPBACK).get(site.url(), max_bytes=10, timeout_s=5)
        assert got.body == b"text"

    @pytest.mark.parametrize("path", ["/silent", "/drip"])
    async def test_a_slow_server(self, site: Site, path: str) -> None:
        started = time.perf_counter()
        with pytest.raises(WebUnavailable, match=r"0\.5 s"):
            await Guard(allow_private=LOOPBACK).get(site.url(path), max_bytes=9999, timeout_s=0.5)
        assert time.perf_counter() - started < 2

    async def test_a_slow_resolver(self) -> None:
        async def slow(host: str, port: int) -> list[str]:
            await asyncio.sleep(30)
            return []

        with pytest.raises(WebUnavailable):
            await Guard(resolver=slow).get("http://a.invalid/", max_bytes=1, timeout_s=0.2)

    async def test_slow_names_do_not_hold_up_other_threads(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on = threading.Event()

        def stuck(*args: object, **kwargs: object) -> list[object]:
            go_on.wait(20)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", stuck)
        calls = [asyncio.create_task(web.resolve("a.invalid", 80)) for _ in range(64)]
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(asyncio.to_thread(time.perf_counter), 2)
        finally:
            go_on.set()
            await asyncio.gather(*calls)


class TestWhatIsUnavailable:
    async def test_nobody_listens(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(WebUnavailable, match="refused"):
            await Guard(allow_private=LOOPBACK).get(
                f"http://127.0.0.1:{port}/", max_bytes=1, timeout_s=5
            )

    async def test_a_name_without_addresses(self) -> None:
        with pytest.raises(WebUnavailable):
            await Guard(resolver=names(a=[])).get("http://a.invalid/", max_bytes=1, timeout_s=5)

    async def test_an_unknown_name(self) -> None:
        with pytest.raises(WebUnavailable, match="cannot be resolved"):
            await web.resolve("does-not-exist.invalid", 80)

    async def test_an_answer_that_is_no_http_or_ends_early(self, site: Site) -> None:
        site.pages["/ssh"] = b"SSH-2.0-OpenSSH_9.9\r\n"
        site.pages["/early"] = answer(b"x" * 100)[:-50]
        guard = Guard(allow_private=LOOPBACK)
        with pytest.raises(WebUnavailable):
            await guard.get(site.url("/ssh"), max_bytes=1000, timeout_s=1)
        with pytest.raises(WebUnavailable):
            await guard.get(site.url("/early"), max_bytes=1000, timeout_s=1)

    async def test_but_a_header_that_is_no_text_is_left_out(self, site: Site) -> None:
        site.pages["/"] = answer(b"ok", x_name="é", x_other="b")
        got = await Guard(allow_private=LOOPBACK).get(site.url(), max_bytes=10, timeout_s=5)
        assert (got.body, got.headers.get("x-other"), "x-name" in got.headers) == (
            b"ok",
            "b",
            False,
        )


class TestOpenClient:
    async def test_reaches_what_the_operator_configured(self, site: Site) -> None:
        site.pages["/v1"] = answer(b"up")
        site.pages["/moved"] = moved("http://other.invalid/")
        async with open_client(total_s=5) as client:
            assert bytes(await (await client.get(site.url("/v1")).build().send()).bytes()) == b"up"
            assert (await client.get(site.url("/moved")).build().send()).status == 302

    @pytest.mark.parametrize(
        ("path", "limits"), [("/silent", {"read_s": 0.3}), ("/drip", {"total_s": 0.3})]
    )
    async def test_has_limits(self, site: Site, path: str, limits: dict[str, float]) -> None:
        started = time.perf_counter()
        async with open_client(**limits) as client:
            with pytest.raises(TimeoutError):
                await (await client.get(site.url(path)).build().send()).bytes()
        assert time.perf_counter() - started < 2
