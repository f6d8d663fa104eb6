"""The whole flow of one upload, and what the oracle says about it."""

from __future__ import annotations

import hashlib
import random

import fastcrc.crc64
import pytest

from tests.emulator.client import Client
from vodfast.emulator import Emulator

MIB = 1 << 20


def body(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, MIB - 1, MIB, MIB + 1, 3 * MIB + 7])
def test_a_put_is_stored_and_committed(client: Client, emulator: Emulator, size: int) -> None:
    data = body(size)
    ticket = client.apply(MediaName="holiday", SubAppId=101)
    assert emulator.media()[0]["state"] == "applied"
    put = client.put(ticket, data)
    assert (put.status, put.body) == (200, b"")
    assert put.headers["etag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert put.headers["x-cos-hash-crc64ecma"] == str(fastcrc.crc64.xz(data))
    assert "x-cos-request-id" in put.headers
    done = client.commit(ticket, SubAppId=101)
    assert done.data["FileId"].isdigit()
    assert done.data["MediaUrl"].endswith(ticket["MediaStoragePath"])
    assert done.data["MediaUrl"].startswith("http://1250000000.vod2.myqcloud.com/")
    assert emulator.media() == [
        {
            "cloud": "tencent",
            "media_id": done.data["FileId"],
            "name": "holiday",
            "state": "committed",
            "asked": {"MediaType": "mp4", "MediaName": "holiday", "SubAppId": 101},
            "open_uploads": 0,
            "objects": [
                {
                    "key": ticket["MediaStoragePath"][1:],
                    "size": size,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "crc64": str(fastcrc.crc64.xz(data)),
                }
            ],
        }
    ]


def test_committing_again_gives_the_same_media_once(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    client.put(ticket, b"x")
    first, second = client.commit(ticket), client.commit(ticket)
    assert first.data["FileId"] == second.data["FileId"]
    meter = emulator.meter()
    assert (meter["media_created"], meter["commits"]) == (1, 1)
    assert meter["calls"] == {"tencent.ApplyUpload": 1, "tencent.CommitUpload": 2, "tencent.PutObject": 1}


def test_a_multipart_upload_in_any_order_with_a_part_sent_twice(client: Client, emulator: Emulator) -> None:
    parts = [body(MIB, 1), body(2 * MIB + 3, 2), body(5, 3)]
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    assert emulator.media()[0]["open_uploads"] == 1
    client.part(ticket, upload_id, 2, body(MIB, 9))
    etags = {}
    for number in (3, 1, 2):
        answer = client.part(ticket, upload_id, number, parts[number - 1])
        assert answer.headers["x-cos-hash-crc64ecma"] == str(fastcrc.crc64.xz(parts[number - 1]))
        etags[number] = answer.headers["etag"]
    done = client.complete(ticket, upload_id, sorted(etags.items()))
    whole = b"".join(parts)
    assert done.headers["x-cos-hash-crc64ecma"] == str(fastcrc.crc64.xz(whole))
    assert done.text("ETag").endswith('-3"')
    assert done.headers["transfer-encoding"] == "chunked"
    client.commit(ticket)
    [item] = emulator.media()
    assert item["objects"][0]["sha256"] == hashlib.sha256(whole).hexdigest()
    got = client.send(client.cos(ticket, "GET"))
    assert got.body == whole
    ranged = client.send(client.cos(ticket, "GET", headers={"Range": f"bytes={MIB - 2}-{MIB + 1}"}))
    assert (ranged.status, ranged.body) == (206, whole[MIB - 2 : MIB + 2])
    head = client.send(client.cos(ticket, "HEAD"))
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(whole)), b"")


def test_a_cover_must_be_there_too(client: Client, emulator: Emulator) -> None:
    ticket = client.apply(CoverType="PNG")
    client.put(ticket, b"media")
    assert client.commit(ticket).code == "ResourceNotFound"
    client.put(ticket, b"cover", key=ticket["CoverStoragePath"])
    assert client.commit(ticket).data["CoverUrl"].endswith(ticket["CoverStoragePath"])
    assert len(emulator.media()[0]["objects"]) == 2


def test_an_aborted_upload_shows(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    upload_id = client.initiate(ticket)
    client.part(ticket, upload_id, 1, b"x" * MIB)
    assert client.abort(ticket, upload_id).status == 204
    assert [item["state"] for item in emulator.media()] == ["aborted"]
    assert client.part(ticket, upload_id, 1, b"x").code == "NoSuchUpload"
    assert client.abort(ticket, upload_id).status == 404


def test_the_history_tells_everything_but_secrets(client: Client, emulator: Emulator) -> None:
    ticket = client.apply()
    client.send(client.cos(ticket, "PUT", body=b"abc", presign=True))
    records = emulator.history()
    assert [record["seq"] for record in records] == [1, 2]
    assert records[1]["operation"] == "PutObject"
    assert records[1]["bytes"] == 3
    assert records[1]["media_id"] == emulator.media()[0]["media_id"]
    assert records[1]["path"] == ticket["MediaStoragePath"]
    told = repr(records) + repr(emulator.media()) + repr(emulator.meter())
    certificate = ticket["TempCertificate"]
    for secret in (certificate["SecretKey"], certificate["Token"], ticket["VodSessionKey"], client.keys.secret):
        assert secret not in told
