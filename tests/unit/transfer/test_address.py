"""`Request.address`: the connection goes elsewhere, while URL, Host header and certificate name stay."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from vodfast.config import TransferConfig, parse_route
from vodfast.errors import ErrorKind, VodfastError
from vodfast.transfer.curl import CurlTransport
from vodfast.transfer.message import Request

NAME = "nosup-hz1.127.net"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[int, str, list[bytes]]]:
    """A TLS server whose certificate is for `NAME`: its port, its authority, and the heads it got."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1], str(bundle), heads


def request(host: str, address: str | None) -> Request:
    return Request(operation="x", method="GET", url=f"https://{host}/a?b=c", headers=(), timeout=10.0, address=address)


both_ways = pytest.mark.parametrize(
    "through", [lambda transport: transport, CurlTransport.pipeline], ids=["transport", "pipeline"]
)


@both_ways
async def test_the_name_stays_while_the_connection_goes_elsewhere(
    server: tuple[int, str, list[bytes]], through: Callable[[CurlTransport], Any]
) -> None:
    port, bundle, heads = server
    transport = CurlTransport(TransferConfig(ca_bundle=bundle))
    try:
        response = await through(transport).send(request(NAME, f"127.0.0.1:{port}"))
        assert (response.status, response.body) == (200, b"ok")
        assert heads[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
        assert b"\r\nhost: " + NAME.encode() + b"\r\n" in heads[0].replace(b"Host", b"host")
        with pytest.raises(VodfastError) as caught:
            await through(transport).send(request("other.127.net", f"127.0.0.1:{port}"))
        assert caught.value.kind is ErrorKind.TLS
        assert len(heads) == 1
    finally:
        await transport.aclose()


@both_ways
async def test_a_route_goes_before_an_address(
    server: tuple[int, str, list[bytes]], through: Callable[[CurlTransport], Any]
) -> None:
    port, bundle, heads = server
    transport = CurlTransport(TransferConfig(ca_bundle=bundle, route=parse_route(f"https://127.0.0.1:{port}")))
    try:
        assert (await through(transport).send(request(NAME, "127.0.0.2:1"))).body == b"ok"
        assert len(heads) == 1
    finally:
        await transport.aclose()
