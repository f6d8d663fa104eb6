"""The vendor's Python client against the emulator, replayed from what it was seen to send (protocol notes 11).

The package index does not have that client, so its requests stand here byte for byte, header order and repeated nonce
included, and go out over a bare socket; only what a server answers (object, token, context) is filled in.
"""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import content
from vodfast.emulator import Emulator

KEY = "vodfast-emulator-netease"
BLOCK = 4 << 20
NONCE = "72851ed6acbd35761b4ccd3744e6678cb41cb3ce8c990bade572ea5c61120d59" * 2

COMMON = (
    "Host: {host}\r\nUser-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n"
    "Connection: keep-alive\r\n"
)
CALL = (
    "POST /app/vod/{call} HTTP/1.1\r\n" + COMMON + "Content-Type: application/json;charset=utf-8\r\nAppKey: {key}\r\n"
    "Nonce: {nonce}\r\nCurTime: {time}\r\nCheckSum: {checksum}\r\nContent-Length: {length}\r\n\r\n"
)
LOOKUP = "GET /lbs?version=1.0 HTTP/1.1\r\n" + COMMON + "\r\n"
CHUNK = (
    "POST /{bucket}/{object}?offset={offset}&complete={complete}{context}&version=1.0 HTTP/1.1\r\n"
    + COMMON
    + "x-nos-token: {token}\r\nContent-Length: {length}\r\n\r\n"
)
OFFSET = (
    "GET /{bucket}/{object}?uploadContext&context={context}&version=1.0 HTTP/1.1\r\n"
    + COMMON
    + "x-nos-token: {token}\r\n\r\n"
)


class VendorClient:
    """One run of the vendor's client: one connection, one nonce and time for its whole life."""

    def __init__(self, emulator: Emulator) -> None:
        self.host = emulator.endpoint
        address, _, port = self.host.rpartition(":")
        self.connection = socket.create_connection((address, int(port)))
        self.file = self.connection.makefile("rb")
        self.time = str(int(time.time()) - 4000)  # made long ago
        text = f"{KEY}-secret{NONCE}{self.time}"
        self.checksum = hashlib.sha1(text.encode()).hexdigest()

    def close(self) -> None:
        self.file.close()
        self.connection.close()

    def exchange(self, head: str, body: bytes = b"") -> tuple[int, Any]:
        self.connection.sendall(head.encode() + body)
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, json.loads(self.file.read(int(headers["content-length"])))

    def call(self, name: str, body: str) -> Any:
        head = CALL.format(
            call=name, host=self.host, key=KEY, nonce=NONCE, time=self.time, checksum=self.checksum, length=len(body)
        )
        status, answer = self.exchange(head, body.encode())
        assert status == 200
        return answer

    def init(self) -> dict[str, str]:
        return self.call("upload/init", '{"originFileName": "\\u7247.mp4", "typeId": "3", "presetId": null}')["ret"]

    def lookup(self) -> Any:
        return self.exchange(LOOKUP.format(host=self.host))[1]

    def chunk(self, ret: dict[str, str], offset: int, complete: str, context: str, data: bytes) -> tuple[int, Any]:
        head = CHUNK.format(
            host=self.host, bucket=ret["bucket"], object=ret["object"], token=ret["xNosToken"], offset=offset,
            complete=complete, context=context, length=len(data),
        )  # fmt: skip
        return self.exchange(head, data)

    def offset(self, ret: dict[str, str], context: str) -> tuple[int, Any]:
        head = OFFSET.format(
            host=self.host, bucket=ret["bucket"], object=ret["object"], token=ret["xNosToken"], context=context
        )
        return self.exchange(head)

    def query(self, ret: dict[str, str]) -> Any:
        return self.call("video/query", f'{{"objectNames": ["{ret["object"]}"]}}')["ret"]


@pytest.fixture
def vendor(emulator: Emulator) -> Iterator[VendorClient]:
    client = VendorClient(emulator)
    yield client
    client.close()


def stored(emulator: Emulator) -> dict[str, Any]:
    (item,) = emulator.media()
    return item


def test_a_file_of_1000_bytes(vendor: VendorClient, emulator: Emulator) -> None:
    data = content(1000)
    ret = vendor.init()
    assert len(vendor.lookup()["upload"]) == 2
    status, answer = vendor.chunk(ret, 0, "true", "", data)
    assert (status, answer["offset"]) == (200, 1000)
    (entry,) = vendor.query(ret)["list"]
    assert set(entry) == {"objectName", "vid"}
    item = stored(emulator)
    assert (item["name"], item["state"], item["media_id"]) == ("片.mp4", "committed", str(entry["vid"]))
    assert item["objects"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_file_of_three_chunks(vendor: VendorClient, emulator: Emulator) -> None:
    data = content(10485777)
    ret = vendor.init()
    vendor.lookup()
    _, first = vendor.chunk(ret, 0, "false", "&context=", data[:BLOCK])
    context = f"&context={first['context']}"
    _, second = vendor.chunk(ret, BLOCK, "false", context, data[BLOCK : 2 * BLOCK])
    _, third = vendor.chunk(ret, 2 * BLOCK, "true", context, data[2 * BLOCK :])
    assert [answer["offset"] for answer in (first, second, third)] == [BLOCK, 2 * BLOCK, 10485777]
    assert vendor.query(ret)["count"] == 1
    assert stored(emulator)["objects"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_file_of_exactly_two_chunks_stays_open_because_that_client_never_ends_it(
    vendor: VendorClient, emulator: Emulator
) -> None:
    data = content(2 * BLOCK)
    ret = vendor.init()
    vendor.lookup()
    _, first = vendor.chunk(ret, 0, "false", "&context=", data[:BLOCK])
    vendor.chunk(ret, BLOCK, "false", f"&context={first['context']}", data[BLOCK:])
    assert vendor.query(ret) == {"count": 0, "list": []}
    assert (stored(emulator)["state"], stored(emulator)["open_uploads"]) == ("applied", 1)
    _, last = vendor.chunk(ret, 2 * BLOCK, "true", f"&context={first['context']}", b"")
    assert last["offset"] == 2 * BLOCK
    assert stored(emulator)["objects"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_an_upload_is_taken_up_again_without_init_and_lookup(vendor: VendorClient, emulator: Emulator) -> None:
    data = content(BLOCK + 9)
    ret = vendor.init()
    _, first = vendor.chunk(ret, 0, "false", "&context=", data[:BLOCK])
    again = VendorClient(emulator)
    status, answer = again.offset(ret, first["context"])
    assert (status, answer["offset"]) == (200, BLOCK)
    again.chunk(ret, BLOCK, "true", f"&context={first['context']}", data[BLOCK:])
    assert again.query(ret)["count"] == 1
    again.close()
    assert stored(emulator)["objects"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_chunk_cut_off_is_sent_again_on_another_connection(vendor: VendorClient, emulator: Emulator) -> None:
    data = content(BLOCK + 9)
    ret = vendor.init()
    _, first = vendor.chunk(ret, 0, "false", "&context=", data[:BLOCK])
    emulator.set_faults([{"match": {"operation": "chunk"}, "action": "reset", "at_byte": 3}])
    with pytest.raises((ConnectionError, IndexError, ValueError)):
        vendor.chunk(ret, BLOCK, "true", f"&context={first['context']}", data[BLOCK:])
    backup = VendorClient(emulator)
    status, answer = backup.chunk(ret, BLOCK, "true", f"&context={first['context']}", data[BLOCK:])
    backup.close()
    assert (status, answer["offset"]) == (200, len(data))
    assert emulator.meter()["media_created"] == 1


def test_the_callback_is_set(vendor: VendorClient) -> None:
    assert vendor.call("upload/setcallback", '{"callbackUrl": "http://1.111.11.1"}')["ret"] == {}
    refused = vendor.call("upload/setcallback", '{"callbackUrl": 5}')
    assert refused["code"] == 400
    assert refused["msg"]
    assert "ret" not in refused


def test_one_node_is_all_a_lookup_may_name(vendor: VendorClient, emulator: Emulator) -> None:
    emulator.settings(netease_nodes=["nosup-hz1.127.net"])
    assert vendor.lookup()["upload"] == [f"http://{emulator.endpoint}"]


def test_one_nonce_for_a_whole_life_is_refused_by_a_server_that_counts(
    vendor: VendorClient, emulator: Emulator
) -> None:
    emulator.settings(netease_nonce_once=True)
    ret = vendor.init()
    assert vendor.call("video/query", f'{{"objectNames": ["{ret["object"]}"]}}')["code"] == 710
    emulator.settings(netease_nonce_once=False, netease_freshness=300)
    assert vendor.call("video/query", '{"objectNames": ["a"]}')["code"] == 710
