"""A store that answered for a part and does not have it when the parts are joined: it is sent again, and only it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import content
from vodfast import Client, ErrorKind, TransferConfig, VodfastError, _native
from vodfast.config import MIB

ConfigFor = Callable[..., TransferConfig]
Reply = dict[str, Any]


def xml_store(name: str) -> Callable[[bytes], Reply]:
    return lambda part: {"headers": {"ETag": '"never"', name: str(_native.crc64(part))}}


def gateway(part: bytes) -> Reply:
    payload = {"hash": "x", "crc32": f"{_native.crc32(part):08x}", "part_number": "2"}
    return {"body": json.dumps({"success": 0, "error": {"code": 200, "error": ""}, "payload": payload})}


# cloud, settings of the client, part size, what the store says of a part, completing, listing
CASES = {
    "aliyun": ({}, MIB, xml_store("x-oss-hash-crc64ecma"), "CompleteMultipartUpload", "ListParts"),
    "tencent": ({}, MIB, xml_store("x-cos-hash-crc64ecma"), "CompleteMultipartUpload", "ListParts"),
    "volcengine": ({"place": "demo"}, 5 * MIB, gateway, "MergeParts", "ListParts"),
}


@pytest.mark.parametrize("cloud", CASES)
def test_the_part_that_is_missing_is_sent_again(vodfast_emulator: Any, config_for: ConfigFor, cloud: str) -> None:
    place, size, reply, joining, listing = CASES[cloud]
    data = content(4 * size + 1)
    answer = {"action": "status", "code": 200, "match": {"operation": "UploadPart", "part_number": 2}}
    vodfast_emulator.set_faults([answer | reply(data[size : 2 * size])])
    with Client(cloud, config=config_for(part_size=size), **place) as client:
        result = client.upload(data, name="clip.mp4")
    (item,) = vodfast_emulator.media()
    (stored,) = item["objects"]
    assert (stored["sha256"], item["state"]) == (hashlib.sha256(data).hexdigest(), "committed")
    assert item["media_id"] == result.media_id
    asked = [record["operation"] for record in vodfast_emulator.history() if record["cloud"] == cloud]
    parts = [record["part_number"] for record in vodfast_emulator.history() if record["operation"] == "UploadPart"]
    assert sorted(parts) == [1, 2, 2, 3, 4, 5]
    assert asked[asked.index(joining) :][:4] == [joining, listing, "UploadPart", joining]


@pytest.mark.parametrize("cloud", CASES)
def test_a_part_that_is_never_kept_ends_the_upload(vodfast_emulator: Any, config_for: ConfigFor, cloud: str) -> None:
    place, size, reply, joining, listing = CASES[cloud]
    data = content(3 * size)
    answer = {"action": "status", "code": 200, "times": 0, "match": {"operation": "UploadPart", "part_number": 2}}
    vodfast_emulator.set_faults([answer | reply(data[size : 2 * size])])
    with Client(cloud, config=config_for(part_size=size), **place) as client, pytest.raises(VodfastError) as caught:
        client.upload(data, name="clip.mp4")
    assert caught.value.kind is ErrorKind.CONFLICT
    asked = [record["operation"] for record in vodfast_emulator.history() if record["cloud"] == cloud]
    assert (asked.count(joining), asked.count(listing)) == (2, 1)
    assert not any(item["objects"] for item in vodfast_emulator.media())
