"""The ways to reach the emulator on its one port: direct, as a proxy, through CONNECT with TLS; and who is refused."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.parse

import pytest

from tests.emulator.client import API, Client, Sent
from vodfast.emulator import Emulator
from vodfast.errors import ConfigError


def trusting(emulator: Emulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=emulator.ca)


def exchange(stream: socket.socket, sent: Sent, target: str | None = None) -> http.client.HTTPResponse:
    lines = [f"{sent.method} {target or sent.target} HTTP/1.1", f"Host: {sent.host}"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    stream.sendall("\r\n".join([*lines, "", ""]).encode() + sent.body)
    response = http.client.HTTPResponse(stream, method=sent.method)
    response.begin()
    return response


def line_to(emulator: Emulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", emulator.port), timeout=60)


def tunnel(emulator: Emulator, host: str, port: int = 443) -> tuple[socket.socket, bytes]:
    stream = line_to(emulator)
    stream.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += stream.recv(4096)
    return stream, answer


def test_absolute_form_as_a_proxy(client: Client, emulator: Emulator) -> None:
    sent = client.api("ApplyUpload", {"MediaType": "mp4"})
    with line_to(emulator) as stream:
        answer = json.loads(exchange(stream, sent, f"http://{API}/").read())
    assert "VodSessionKey" in answer["Response"]
    assert emulator.history()[0]["secure"] is False


def test_connect_then_tls(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    sent = client.cos(ticket, "PUT", body=b"z" * 3_000_000)
    raw, answer = tunnel(emulator, sent.host)
    assert answer.startswith(b"HTTP/1.1 200")
    with raw, trusting(emulator).wrap_socket(raw, server_hostname=sent.host) as stream:
        for _ in range(2):
            assert exchange(stream, sent).read() == b""
    assert [record["secure"] for record in emulator.history()] == [False, True, True]
    assert emulator.media()[0]["objects"][0]["size"] == 3_000_000


def test_direct_tls_by_server_name(client: Client, emulator: Emulator) -> None:
    sent = client.api("ApplyUpload", {"MediaType": "mp4"})
    with line_to(emulator) as raw, trusting(emulator).wrap_socket(raw, server_hostname=API) as stream:
        assert stream.version() in ("TLSv1.2", "TLSv1.3")
        assert "VodSessionKey" in json.loads(exchange(stream, sent).read())["Response"]


@pytest.mark.parametrize(
    "suites", [("AES128-GCM-SHA256", "AES256-GCM-SHA384"), ("AES256-GCM-SHA384", "AES128-GCM-SHA256")]
)
def test_the_clients_order_of_cipher_suites_counts(emulator: Emulator, suites: tuple[str, str]) -> None:
    context = trusting(emulator)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose order Python lets a client choose
    names = [f"ECDHE-ECDSA-{suite}" for suite in suites]
    context.set_ciphers(":".join(names))
    with line_to(emulator) as raw, context.wrap_socket(raw, server_hostname=API) as stream:
        cipher = stream.cipher()
    assert cipher is not None
    assert cipher[0] == names[0]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_control_over_tls(emulator: Emulator, name: str) -> None:
    line = http.client.HTTPSConnection(name, emulator.port, context=trusting(emulator), timeout=60)
    line.request("GET", "/_emulator/health")
    assert json.load(line.getresponse())["status"] == "ok"
    line.close()


def test_connect_to_port_80_stays_plain(client: Client, emulator: Emulator) -> None:
    stream, answer = tunnel(emulator, API, 80)
    with stream:
        assert answer.startswith(b"HTTP/1.1 200")
        sent = client.api("ApplyUpload", {"MediaType": "mp4"})
        assert "VodSessionKey" in json.loads(exchange(stream, sent).read())["Response"]


@pytest.mark.parametrize("host", [API, "localhost"])
def test_tls_in_a_tunnel_to_port_80_is_refused_at_once(emulator: Emulator, host: str) -> None:
    """As by the server behind a real proxy, which speaks plain HTTP on that port."""
    stream, _ = tunnel(emulator, host, 80)
    with stream, pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        trusting(emulator).wrap_socket(stream, server_hostname=host)


def test_an_unknown_host_gets_no_certificate(emulator: Emulator) -> None:
    with line_to(emulator) as raw, pytest.raises(ssl.SSLError):
        trusting(emulator).wrap_socket(raw, server_hostname="www.example.com")


@pytest.mark.parametrize(
    "host", ["www.example.com", "vod.tencentcloudapi.com.example.com", "10.0.0.1", "localhost.example"]
)
def test_nothing_is_forwarded(client: Client, emulator: Emulator, host: str) -> None:
    answer = client.send(Sent("GET", host, "/_emulator/health", {}))
    assert answer.status == 502
    assert b"nothing is forwarded" in answer.body
    stream, answer_to_connect = tunnel(emulator, host)
    stream.close()
    assert answer_to_connect.startswith(b"HTTP/1.1 502")
    assert emulator.history() == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:1", "[::1]:80"])
def test_the_control_api_answers_loopback_names_only(client: Client, host: str) -> None:
    assert client.control("GET", "health", host=host)[0] == 200


def test_the_api_by_a_loopback_endpoint(client: Client, emulator: Emulator) -> None:
    """As the vendor's API client does with its endpoint set to the emulator: the port is part of the signed host."""
    answer = client.send(client.api("DescribeSubAppIds", {}, host=emulator.endpoint))
    assert [app["SubAppId"] for app in answer.data["SubAppIdInfoSet"]] == [101, 1500000101, 1500000102]


def test_variables_to_export(emulator: Emulator) -> None:
    env = emulator.env
    assert env["VODFAST_EMULATOR"] == emulator.endpoint
    assert urllib.parse.urlsplit(env["HTTPS_PROXY"]).netloc == emulator.endpoint
    assert env["REQUESTS_CA_BUNDLE"] == env["SSL_CERT_FILE"] == emulator.ca
    assert env["TENCENTCLOUD_SECRET_ID"] == "vodfast-emulator-tencent"


@pytest.mark.parametrize("address", ["0.0.0.0", "8.8.8.8", "example.com", ""])
def test_only_loopback_is_listened_on(address: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        Emulator(address=address).start()


def test_a_taken_port_is_said_so(emulator: Emulator) -> None:
    with pytest.raises(ConfigError, match="cannot listen"):
        Emulator(port=emulator.port).start()
