"""Which received bodies are kept: what is stored or waits to be joined, nothing refused, replaced or deleted."""

from __future__ import annotations

import base64
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.emulator.aliyun_client import Client as Aliyun
from tests.emulator.client import Answer, Client, Sent
from tests.emulator.netease_client import NeteaseClient
from tests.emulator.test_netease_overseas import Overseas
from tests.emulator.volcengine_client import Volc
from vodfast.emulator import Emulator
from vodfast.emulator.blobs import SMALL, BlobWriter

BODY = b"\x01" * (SMALL + 1)
"""More than is held in memory: it lies in a file."""
WRONG = base64.b64encode(bytes(16)).decode()


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def own(spool: Path) -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


def files(spool: Path) -> int:
    """How many bodies are kept."""
    return sum(path.is_file() for folder in spool.glob("vodfast-emulator-*") for path in folder.glob("[0-9]*"))


def fail(own: Emulator, operation: str, **rule: object) -> None:
    own.set_faults([{"action": "expire_token", "match": {"operation": operation}} | rule])


def cos_digest(own: Emulator) -> Answer:
    client = Client(own.endpoint)
    ticket = client.apply()
    return client.send(client.cos(ticket, "PUT", body=BODY).with_header("Content-MD5", WRONG))


def cos_expired(own: Emulator) -> Answer:
    client = Client(own.endpoint)
    fail(own, "PutObject")
    return client.put(client.apply(), BODY)


def cos_replaced(own: Emulator) -> Answer:
    client = Client(own.endpoint)
    fail(own, "PutObject", action="status", code=503)
    return client.put(client.apply(), BODY)


def cos_aborted(own: Emulator) -> Answer:
    client = Client(own.endpoint)
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    client.abort(ticket, upload_id)
    return client.part(ticket, upload_id, 1, BODY)


def oss_forbidden(own: Emulator) -> Answer:
    client = Aliyun(own.endpoint)
    place = client.create()
    client.oss("PUT", place, body=b"small")
    return client.oss("PUT", place, body=BODY, headers={"x-oss-forbid-overwrite": "true"})


def oss_elsewhere(own: Emulator) -> Answer:
    client = Aliyun(own.endpoint)
    return client.oss("POST", client.create(), {"append": "", "position": "7"}, BODY)


def gateway_checksum(own: Emulator) -> Answer:
    volc = Volc(own.endpoint)
    return volc.put(volc.apply()["UploadAddress"], BODY, crc="00000000")


def gateway_expired(own: Emulator) -> Answer:
    volc = Volc(own.endpoint)
    address = volc.apply()["UploadAddress"]
    upload_id = volc.init(address)
    fail(own, "UploadPart")
    return volc.part(address, upload_id, 1, BODY)


def presigned_expired(own: Emulator) -> Answer:
    volc = Volc(own.endpoint)
    said = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=len(BODY))["VpcTosUploadAddress"]
    host, _, rest = said["PutUrl"].removeprefix("https://").partition("/")
    fail(own, "VpcPutObject")
    headers = said["PutUrlHeaders"] | {"Content-Length": str(len(BODY))}
    return volc.send(Sent("PUT", host, f"/{rest}", headers, BODY))


def chunk_elsewhere(own: Emulator) -> Answer:
    """Accepted, with the offset to go on from."""
    netease = NeteaseClient(own.endpoint)
    upload = netease.init()
    netease.put(upload, 0, b"small")
    return netease.send(netease.chunk(upload, 99, BODY, complete=False))


def chunk_first(own: Emulator) -> Answer:
    netease = NeteaseClient(own.endpoint)
    return netease.send(netease.chunk(netease.init(), 99, BODY, complete=False))


def chunk_expired(own: Emulator) -> Answer:
    netease = NeteaseClient(own.endpoint)
    fail(own, "chunk")
    return netease.send(netease.chunk(netease.init(), 0, BODY, complete=True))


def chunk_unknown(own: Emulator) -> Answer:
    netease = NeteaseClient(own.endpoint)
    return netease.send(netease.chunk(netease.init(), 0, BODY, complete=True, context="x"))


REFUSED: dict[Callable[[Emulator], Answer], int] = {
    cos_digest: 400, cos_expired: 400, cos_replaced: 503, cos_aborted: 404, oss_forbidden: 409, oss_elsewhere: 409,
    gateway_checksum: 400, gateway_expired: 403, presigned_expired: 403, chunk_elsewhere: 200, chunk_first: 400,
    chunk_expired: 403, chunk_unknown: 404,
}  # fmt: skip


@pytest.mark.parametrize("send", REFUSED, ids=lambda send: send.__name__)
def test_nothing_is_kept_of_a_body_that_is_refused(own: Emulator, spool: Path, send: Callable[..., Answer]) -> None:
    answer = send(own)
    assert answer.status == REFUSED[send], answer.body
    assert own.history()[-1]["bytes"] == len(BODY)
    assert files(spool) == 0


def cos_parts(own: Emulator, *numbers: int) -> tuple[Client, dict[str, str], str, dict[int, str]]:
    """An upload with these parts, each a body of its own."""
    client = Client(own.endpoint)
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    body = b"\x01" * (1 << 20)
    return client, ticket, upload_id, {n: client.part(ticket, upload_id, n, body).headers["etag"] for n in numbers}


def test_a_part_sent_again_takes_the_place_of_the_first(own: Emulator, spool: Path) -> None:
    client, ticket, upload_id, _ = cos_parts(own, 1, 2, 1, 1)
    assert files(spool) == 2
    client.abort(ticket, upload_id)
    assert files(spool) == 0


def test_parts_that_were_left_out_are_freed(own: Emulator, spool: Path) -> None:
    client, ticket, upload_id, etags = cos_parts(own, 1, 2, 3)
    assert client.complete(ticket, upload_id, [(1, etags[1]), (2, etags[2])]).code == ""
    assert files(spool) == 2
    client.put(ticket, BODY)
    assert files(spool) == 1
    assert client.send(client.cos(ticket, "DELETE")).status == 204
    assert files(spool) == 0


def test_an_object_that_grew_is_one_that_is_replaced(own: Emulator, spool: Path) -> None:
    client = Aliyun(own.endpoint)
    place = client.create()
    for position in (0, len(BODY)):
        assert client.oss("POST", place, {"append": "", "position": str(position)}, BODY).status == 200
    assert files(spool) == 2
    client.oss("PUT", place, body=BODY)
    assert files(spool) == 1


def test_the_gateway_and_presigned_urls_free_what_is_replaced(own: Emulator, spool: Path) -> None:
    volc = Volc(own.endpoint)
    address = volc.apply(FileName="a.mp4")["UploadAddress"]
    volc.put(address, BODY)
    volc.put(address, BODY)
    assert files(spool) == 1
    upload_id = volc.init(address)
    for _ in range(2):
        volc.part(address, upload_id, 1, BODY)
    assert files(spool) == 2
    assert volc.merge(address, upload_id, f"1:{zlib.crc32(BODY):08x}").status == 200
    assert files(spool) == 1
    own.settings(volcengine_vpc="part", volcengine_vpc_part_size=len(BODY))
    said = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=len(BODY))["VpcTosUploadAddress"]
    host, _, rest = said["PartUploadInfo"]["PartPutUrls"][0].removeprefix("https://").partition("/")
    for _ in range(2):
        volc.send(Sent("PUT", host, f"/{rest}", {"Content-Length": str(len(BODY))}, BODY))
    assert files(spool) == 2


def test_an_object_of_chunks_replaces_the_one_before(own: Emulator, spool: Path) -> None:
    netease = NeteaseClient(own.endpoint)
    upload = netease.init()
    for _ in range(2):
        upload.context = ""
        netease.put(upload, 0, BODY, complete=True)
    assert files(spool) == 1
    own.settings(netease_takes=SMALL + 1)
    half = netease.init()
    netease.put(half, 0, BODY + BODY)
    assert files(spool) == 2


def everything(own: Emulator) -> None:
    """Objects and open uploads in every store."""
    client, ticket, *_ = cos_parts(own, 1, 2)
    client.put(ticket, BODY)
    volc = Volc(own.endpoint)
    address = volc.apply()["UploadAddress"]
    volc.put(address, BODY)
    volc.part(address, volc.init(address), 1, BODY)
    own.settings(volcengine_vpc="part", volcengine_vpc_part_size=len(BODY))
    said = volc.apply(ClientNetWorkMode="vpc-inner", FileSize=len(BODY))["VpcTosUploadAddress"]
    host, _, rest = said["PartUploadInfo"]["PartPutUrls"][0].removeprefix("https://").partition("/")
    volc.send(Sent("PUT", host, f"/{rest}", {"Content-Length": str(len(BODY))}, BODY))
    aliyun = Aliyun(own.endpoint)
    place = aliyun.create()
    aliyun.oss("PUT", place, body=BODY)
    aliyun.part(place, aliyun.initiate(place), 1, BODY)
    owner = replace(place, keys=aliyun.keys)
    aliyun.oss("PUT", owner, body=BODY, key="nobodys/object.mp4")
    netease = NeteaseClient(own.endpoint)
    netease.put(netease.init(), 0, BODY, complete=True)
    netease.put(netease.init(), 0, BODY)
    own.settings(netease_storage="oss")
    Overseas(netease).put(BODY)


def test_a_reset_frees_everything(own: Emulator, spool: Path) -> None:
    everything(own)
    assert files(spool) == 12
    own.reset()
    assert files(spool) == 0
    assert own.media() == []


def test_what_is_stored_is_kept_though_its_callback_fails(own: Emulator, spool: Path) -> None:
    own.settings(netease_storage="oss", netease_callback="failing")
    overseas = Overseas(NeteaseClient(own.endpoint))
    assert overseas.put(BODY).status == 203
    own.settings(netease_storage="nos")
    netease = NeteaseClient(own.endpoint)
    assert netease.send(netease.chunk(netease.init(), 0, BODY, complete=True)).status == 520
    assert [media["objects"][0]["size"] for media in own.media()] == [len(BODY)] * 2
    assert files(spool) == 2


def test_a_body_that_is_taken_in_during_a_reset_has_no_effect_after_it(
    own: Emulator, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(own.endpoint)
    sent = client.cos(client.apply(), "PUT", body=BODY)
    begun, go_on = threading.Event(), threading.Event()
    seal = BlobWriter.seal_now

    def held(writer: BlobWriter) -> object:
        begun.set()
        go_on.wait(60)
        return seal(writer)

    monkeypatch.setattr(BlobWriter, "seal_now", held)
    ended: list[BaseException] = []

    def put() -> None:
        try:
            client.send(sent)
        except ConnectionError as error:
            ended.append(error)

    thread = threading.Thread(target=put)
    thread.start()
    begun.wait(60)
    own.reset()
    go_on.set()
    thread.join(60)
    assert len(ended) == 1
    assert own.meter()["objects_stored"] == 0
    assert own.history() == []
    assert files(spool) == 0
