"""What the transport must never do, whatever a server or the environment suggests."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pycurl
import pytest
import trustme

from vodfast import ConfigError, ErrorKind, InvalidInput, Route, SourceChanged, TransferConfig, VodfastError
from vodfast.config import parse_route
from vodfast.transfer import curl as curl_module
from vodfast.transfer.curl import CURL_FLOOR, CurlTransport, require_curl
from vodfast.transfer.message import Request, Response, build_headers, require_whole
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.sources import BufferSource, open_source

ROUTES = ("http://[::1]:8080", "http://127.0.0.1:8080")


class Recorder:
    """A one-thread server on loopback that answers every request with fixed bytes and keeps what it received."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    connection.settimeout(30)
                    data = b""
                    while b"\r\n\r\n" not in data and (piece := connection.recv(65536)):
                        data += piece
                    head, _, body = data.partition(b"\r\n\r\n")
                    length = next(
                        (
                            int(line.split(b":")[1])
                            for line in head.split(b"\r\n")
                            if line.lower().startswith(b"content-length")
                        ),
                        0,
                    )
                    while len(body) < length and (piece := connection.recv(65536)):
                        body += piece
                    self.received.append(head + b"\r\n\r\n" + body)
                    if head:
                        connection.sendall(self.answer)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(30)


@pytest.fixture
def serve() -> Iterator[Any]:
    opened: list[Recorder] = []

    def start(answer: bytes) -> Recorder:
        opened.append(Recorder(answer))
        return opened[-1]

    yield start
    for recorder in opened:
        recorder.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@contextlib.asynccontextmanager
async def transport(port: int, **fields: Any) -> AsyncIterator[CurlTransport]:
    config = TransferConfig(route=Route(host="127.0.0.1", port=port, scheme="http", emulator=True), **fields)
    opened = CurlTransport(config)
    try:
        yield opened
    finally:
        await opened.aclose()
        assert opened.busy == 0


def request(url: str = "https://vod.example.com/", **fields: Any) -> Request:
    given = {"operation": "Test", "method": "GET", "url": url, "headers": (), "timeout": 30.0}
    return Request(**{**given, **fields})


async def test_the_request_line_host_and_headers_are_those_of_production(serve: Any) -> None:
    server = serve(OK)
    async with transport(server.port) as opened:
        answer = await opened.send(request(headers=build_headers([("x-signed", "1")])))
    assert (answer.status, answer.body) == (200, b"ok")
    (head,) = server.received
    lines = head.split(b"\r\n")
    assert lines[0] == b"GET / HTTP/1.1"
    assert b"Host: vod.example.com" in lines
    names = {line.split(b":")[0].lower() for line in lines[1:] if line}
    assert names == {b"host", b"user-agent", b"x-signed"}


OWN = [("content-type", "video/mp4"), ("user-agent", "theirs"), ("x-empty", "")]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([], {b"User-Agent: vodfast"}),
        (OWN, {b"content-type: video/mp4", b"user-agent: theirs", b"x-empty:"}),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_nothing_is_on_the_wire_that_is_not_in_the_request(
    serve: Any, given: list[tuple[str, str]], sent: set[bytes], streamed: bool
) -> None:
    server = serve(OK)
    body = BufferSource(b"abc", "b", "b").part(PartSpec(0, 0, 3)) if streamed else b"abc"
    async with transport(server.port) as opened:
        answer = await opened.send(request(method="POST", body=body, headers=build_headers(given)))
    assert dict(answer.headers) == {"content-length": "2", "connection": "close"}
    (whole,) = server.received
    head, _, arrived = whole.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert (first, arrived) == (b"POST / HTTP/1.1", b"abc")
    assert set(lines) == {b"Host: vod.example.com", b"Content-Length: 3", *sent}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(serve: Any, status: int) -> None:
    other = serve(OK)
    location = f"http://127.0.0.1:{other.port}/stolen"
    server = serve(
        f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )
    async with transport(server.port) as opened:
        secret = build_headers([("x-cos-security-token", "t")])
        answer = await opened.send(request(method="PUT", body=b"body", headers=secret))
    assert answer.status == status
    assert other.received == []


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "dict", "scp", "smb", "ws"])
async def test_other_protocols_are_refused(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("private")
    opened = CurlTransport(TransferConfig())
    with pytest.raises(VodfastError) as caught:
        await opened.send(
            request(url=f"{scheme}://127.0.0.1{tmp_path}/f" if scheme != "file" else f"file://{tmp_path}/f")
        )
    await opened.aclose()
    assert caught.value.kind is ErrorKind.CONFIG
    assert caught.value.reached is False


both_ways = pytest.mark.parametrize(
    "through", [lambda transport: transport, CurlTransport.pipeline], ids=["transport", "pipeline"]
)


@both_ways
async def test_plain_http_needs_an_emulators_route(serve: Any, through: Callable[[CurlTransport], Any]) -> None:
    server = serve(OK)
    opened = CurlTransport(TransferConfig())
    with pytest.raises(VodfastError) as caught:
        await through(opened).send(request(url=f"http://127.0.0.1:{server.port}/"))
    await opened.aclose()
    assert caught.value.kind is ErrorKind.CONFIG
    assert server.received == []


@both_ways
async def test_the_environments_proxy_is_ignored_unless_asked_for(
    serve: Any, monkeypatch: pytest.MonkeyPatch, through: Callable[[CurlTransport], Any]
) -> None:
    proxy, server = serve(OK), serve(OK)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://user:password@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    async with transport(server.port) as opened:
        await through(opened).send(request())
    assert (len(server.received), len(proxy.received)) == (1, 0)
    opened = CurlTransport(TransferConfig(trust_env=True, connect_timeout=2))
    with pytest.raises(VodfastError):
        await through(opened).send(request())
    await opened.aclose()
    assert proxy.received[0].startswith(b"CONNECT vod.example.com:443")


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("exceptions", "direct"),
    [
        ("vod.example.com", True),
        ("example.com", True),
        (".example.com", True),
        ("other.net, example.com", True),
        ("*", True),
        ("", False),
        ("ample.com,example.org,od.example.com", False),
    ],
)
async def test_an_exception_to_the_environments_proxy_counts(
    serve: Any, monkeypatch: pytest.MonkeyPatch, variable: str, exceptions: str, direct: bool
) -> None:
    proxy, server = serve(OK), serve(OK)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv(variable, exceptions)
    async with transport(server.port, trust_env=True) as opened:
        with contextlib.suppress(VodfastError):  # the recorder is no proxy: it answers and forwards nothing
            await opened.send(request())
    assert (bool(server.received), bool(proxy.received)) == (direct, not direct)


async def test_the_environment_makes_no_exceptions_to_a_configured_proxy(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(OK), serve(OK)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    async with transport(server.port, proxy=f"http://127.0.0.1:{proxy.port}") as opened:
        with contextlib.suppress(VodfastError):
            await opened.send(request())
    assert (bool(server.received), bool(proxy.received)) == (False, True)


async def test_netrc_is_ignored(serve: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine vod.example.com login me password hunter2\n")
    netrc.chmod(0o600)
    server = serve(OK)
    async with transport(server.port) as opened:
        await opened.send(request())
    assert b"authorization" not in server.received[0].lower()


@pytest.mark.parametrize(
    "value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x7fb", " a", "a ", "\u2028", "\u4e2d"]
)
def test_no_header_value_can_change_the_framing(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        build_headers([("x-title", value)])
    assert "x-title" in str(caught.value)
    assert repr(value) not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a\0"])
def test_no_header_name_can_change_the_framing(name: str) -> None:
    with pytest.raises(InvalidInput):
        build_headers([(name, "v")])


@pytest.mark.parametrize("url", ["https://h/a b", "https://h/\r\nX: 1", "https://h/\0", "https://h/é"])
def test_no_url_can_change_the_framing(url: str) -> None:
    with pytest.raises(InvalidInput):
        request(url=url)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", ErrorKind.NETWORK),
        (b"garbage that is not HTTP at all\r\n\r\n", ErrorKind.NETWORK),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", ErrorKind.NETWORK),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 400_000 + b"\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + b"x" * 9_000_000, ErrorKind.UNEXPECTED),
    ],
    ids=["nothing", "garbage", "cut short", "endless headers", "endless body"],
)
async def test_hostile_answers_are_errors(serve: Any, answer: bytes, kind: ErrorKind | None) -> None:
    server = serve(answer)
    async with transport(server.port) as opened:
        with pytest.raises(VodfastError) as caught:
            await opened.send(request())
    assert kind is None or caught.value.kind is kind
    assert caught.value.reached is True


async def test_a_body_is_sent_again_from_its_first_byte_on_a_stale_connection(serve: Any) -> None:
    server = serve(OK)
    body = BufferSource(b"abc" * 1000, "b", "b").part(PartSpec(0, 0, 3000))
    async with transport(server.port) as opened:
        for _ in range(3):
            answer: Response = await opened.send(request(method="PUT", body=body, digest="crc64", timeout=None))
            assert answer.status == 200
    assert [entry.partition(b"\r\n\r\n")[2] for entry in server.received] == [b"abc" * 1000] * 3


@pytest.mark.parametrize("answered", [True, False])
async def test_a_file_that_was_truncated_counts_as_that_whatever_became_of_the_exchange(
    serve: Any, tmp_path: Path, answered: bool
) -> None:
    server = serve(OK if answered else b"")
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"abc" * 10_000)
    source = open_source(path)
    body = source.part(PartSpec(0, 0, source.size or 0))
    path.write_bytes(b"abc")
    async with transport(server.port) as opened:
        with pytest.raises(SourceChanged, match="truncated"):
            await opened.send(request(method="PUT", body=body, timeout=None))
    source.close()


async def test_the_checksum_of_what_went_out_comes_with_the_answer_or_else_the_one_that_was_declared(
    serve: Any,
) -> None:
    server = serve(OK)
    body = BufferSource(b"abc", "b", "b").part(PartSpec(0, 0, 3))
    asked = ({"digest": "crc64"}, {"declared": 7}, {})
    async with transport(server.port) as opened:
        answers = [await opened.send(request(method="PUT", body=body, timeout=None, **fields)) for fields in asked]
        plain = await opened.send(request(declared=7))
    assert [answer.sent for answer in (*answers, plain)] == [body.checksum("crc64"), 7, None, 7]


async def test_a_request_with_a_time_limit_ends_by_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with transport(silent.getsockname()[1]) as opened:
            with pytest.raises(VodfastError, match="took too long or stalled") as caught:
                await opened.send(request(timeout=0.05))
    assert (caught.value.kind, caught.value.reached) == (ErrorKind.NETWORK, True)


async def test_closing_the_transport_closes_its_connections() -> None:
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert await reader.read() == b""
        writer.close()
        ended.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, transport(server.sockets[0].getsockname()[1]) as opened:
        assert (await opened.send(request())).status == 200
        assert not ended.is_set()
        await opened.aclose()
        await asyncio.wait_for(ended.wait(), 60)


@pytest.fixture
def vanishing() -> Iterator[int]:
    """The port of a server that answers one request, takes another on the same connection, and is gone."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b""):
                    data = b""
                    while b"\r\n\r\n" not in data:
                        data += connection.recv(65536)
                    if not answer:
                        server.shutdown(socket.SHUT_RDWR)
                        server.close()
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_request_that_was_sent_before_libcurl_connected_anew_counts_as_arrived(
    vanishing: int, streamed: bool
) -> None:
    body = BufferSource(b"abc", "b", "b").part(PartSpec(0, 0, 3)) if streamed else b"abc"
    async with transport(vanishing) as opened:
        assert (await opened.send(request(method="POST", body=body))).status == 200
        for reached in (True, False):
            with pytest.raises(VodfastError, match="no connection could be made") as caught:
                await opened.send(request(method="POST", body=body))
            assert caught.value.reached is reached


async def test_a_request_that_got_as_far_as_the_proxy_has_not_arrived(serve: Any) -> None:
    proxy = serve(b"HTTP/1.1 200 OK\r\n\r\nthis is no TLS")
    opened = CurlTransport(TransferConfig(proxy=f"http://127.0.0.1:{proxy.port}"))
    with pytest.raises(VodfastError) as caught:
        await opened.send(request())
    await opened.aclose()
    assert proxy.received[0].startswith(b"CONNECT ")
    assert (caught.value.kind, caught.value.reached) == (ErrorKind.TLS, False)


async def test_cancelling_an_exchange_frees_its_handle(serve: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with transport(silent.getsockname()[1]) as opened:
            task = asyncio.create_task(opened.send(request()))
            silent.setblocking(False)
            asking, _ = await asyncio.get_running_loop().sock_accept(silent)
            assert opened.busy == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert opened.busy == 0
            asking.close()


async def test_an_exchange_that_begins_as_another_is_broken_off_comes_to_its_end() -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = not begun.is_set()
        begun.set()
        await reader.readuntil(b"\r\n\r\n")
        if first:
            await over.wait()
        writer.write(OK)
        writer.close()

    size = 40_000_000  # more than the buffers on the way, so some of it is never sent
    body = BufferSource(bytes(size), "b", "b").part(PartSpec(0, 0, size))
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        async with transport(server.sockets[0].getsockname()[1]) as opened:
            broken = asyncio.create_task(opened.send(request(method="PUT", body=body, timeout=None)))
            await begun.wait()
            broken.cancel()
            following = asyncio.create_task(opened.send(request()))
            assert (await following).status == 200
            assert broken.cancelled()
        over.set()


async def test_an_exchange_that_fails_after_it_was_broken_off_is_nobodys_concern(
    caplog: pytest.LogCaptureFixture,
) -> None:
    arrived, over = asyncio.Event(), asyncio.Event()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\nabc")
        arrived.set()
        await over.wait()
        writer.transport.abort()

    body = BufferSource(b"abc", "b", "b").part(PartSpec(0, 0, 3))
    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, transport(server.sockets[0].getsockname()[1]) as opened:
        broken = asyncio.create_task(opened.send(request(method="PUT", body=body, timeout=None)))
        await arrived.wait()
        broken.cancel()
        asyncio.get_running_loop().call_soon(over.set)  # while its answer is still awaited
        await asyncio.wait([broken])
        assert broken.cancelled()
        del broken
        gc.collect()
    assert "never retrieved" not in caplog.text


async def test_an_exchange_may_be_broken_off_in_the_tick_its_answer_comes(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handle's own clean-up is still to come then, so what begins in that tick must not use it."""
    server = serve(OK)
    body = BufferSource(b"abc", "b", "b").part(PartSpec(0, 0, 3))
    broken: list[asyncio.Task[Response]] = []
    resolve = pycurl.AsyncCurlMulti._resolve

    def break_off(multi: Any, curl: Any, error: Any) -> None:
        if broken:
            broken.pop().cancel()
        resolve(multi, curl, error)

    monkeypatch.setattr(pycurl.AsyncCurlMulti, "_resolve", break_off)
    async with transport(server.port) as opened:

        async def broken_off_and_on() -> Response:
            try:
                await opened.send(request(method="PUT", body=body, timeout=None))
            except asyncio.CancelledError:
                return await opened.send(request())
            raise AssertionError("it was not broken off")

        broken.append(asyncio.create_task(broken_off_and_on()))
        task = broken[0]
        done, _ = await asyncio.wait([task], timeout=30)
        assert done, "the second exchange never ends"
        assert task.result().status == 200


async def test_the_cheapest_cipher_suite_is_asked_for_first(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("example.com").configure_cert(context)
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    spoken: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoken.append(writer.get_extra_info("cipher")[0])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        route = Route(scheme="https", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        opened = CurlTransport(TransferConfig(route=route, ca_bundle=str(bundle)))
        try:
            answer = await opened.send(request(url="https://example.com/"))
        finally:
            await opened.aclose()
    assert answer.status == 200
    assert spoken == ["TLS_AES_128_GCM_SHA256"]


async def test_bandwidth_is_held(serve: Any) -> None:
    server = serve(OK)
    size = 300_000
    body = BufferSource(bytes(size), "b", "b").part(PartSpec(0, 0, size))
    loop = asyncio.get_running_loop()
    async with transport(server.port, bandwidth=200_000) as opened:
        started = loop.time()
        await opened.send(request(method="PUT", body=body, digest="crc64", timeout=None))
        elapsed = loop.time() - started
    # The first piece is free of charge, so a little less than 1.5 s; without the limit it takes milliseconds.
    assert elapsed > 1.0
    assert len(server.received[0].partition(b"\r\n\r\n")[2]) == size


def test_an_old_libcurl_is_refused_with_both_versions() -> None:
    with pytest.raises(ConfigError, match=r"8\.20\.0 is too old.*8\.21\.0"):
        require_curl((8, 20, 0))
    require_curl(CURL_FLOOR)


def test_no_transport_is_made_with_an_old_libcurl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curl_module, "CURL_FLOOR", (99, 0, 0))
    with pytest.raises(ConfigError, match="too old"):
        CurlTransport(TransferConfig())


def test_a_route_to_an_address_of_version_6_has_it_in_brackets() -> None:
    routes = [CurlTransport(TransferConfig(route=parse_route(url)))._connect_to for url in ROUTES]
    assert routes == [["::[::1]:8080"], ["::127.0.0.1:8080"]]


def test_a_ca_bundle_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ca_bundle"):
        CurlTransport(TransferConfig(ca_bundle=str(tmp_path / "none.pem")))


def test_source_changed_is_told_from_a_network_failure() -> None:
    class Faulted:
        faulted = True

    with pytest.raises(SourceChanged):
        require_whole(Faulted())
