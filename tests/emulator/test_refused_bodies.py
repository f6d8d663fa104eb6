"""Bodies that were received and refused: their bytes are gone, and what was stored before is still there."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
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
