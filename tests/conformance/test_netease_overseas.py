"""Whole uploads of an overseas NetEase account, whose bytes go to Aliyun OSS under temporary keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from tests.oracle import operations, the_media
from vodfast import Client, TransferConfig
from vodfast.config import MIB
from vodfast.credentials import emulator_credentials
from vodfast.errors import AmbiguousCommit, SourceChanged
from vodfast.events import Progress


@pytest.fixture
def overseas(vodfast_emulator: Any) -> Any:
    vodfast_emulator.settings(netease_storage="oss")
    return vodfast_emulator


@pytest.fixture
def client(config_for: Callable[..., TransferConfig], overseas: Any) -> Iterator[Client]:
    with Client("netease", config=config_for(part_size=MIB)) as opened:
        yield opened


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 3 * MIB])
def test_a_file_of_any_size_arrives_with_its_crc_confirmed(
    client: Client, overseas: Any, media_file: Callable[..., Path], size: int
) -> None:
    result = client.upload(media_file(size))
    item = the_media(overseas)
    assert (result.media_id, result.bytes, result.verified) == (item["media_id"], size, "crc64")
    (held,) = item["objects"]
    assert held["sha256"] == hashlib.sha256(content(size)).hexdigest()
    assert result.url is not None
    assert result.url.endswith(f".oss-ap-southeast-1.aliyuncs.com/{held['key']}")
    assert item["open_uploads"] == 0
    asked = operations(overseas)
    assert "lbs" not in asked
    assert "video/query" not in asked
    (found,) = client.media([held["key"]])
    assert found.media_id == result.media_id


def test_a_large_file_goes_in_parts(client: Client, overseas: Any, media_file: Callable[..., Path]) -> None:
    client.upload(media_file(40 * MIB))
    assert operations(overseas).count("UploadPart") == 40
    assert operations(overseas).count("CompleteMultipartUpload") == 1


def test_a_stream_arrives(client: Client, overseas: Any) -> None:
    data = content(3 * MIB + 5)
    client.upload((data[start : start + 100_000] for start in range(0, len(data), 100_000)), name="live.mp4")
    assert the_media(overseas)["objects"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_without_an_answer_of_the_callback_the_service_is_asked(client: Client, overseas: Any) -> None:
    overseas.settings(netease_callback="silent")
    result = client.upload(b"x", name="clip.mp4")
    assert result.media_id == the_media(overseas)["media_id"]
    assert operations(overseas) == ["upload/init", "PutObject", "video/query"]


SIZE = 40 * MIB
FAULTS: dict[str, tuple[int, dict[str, Any]]] = {
    "part lost": (SIZE, {"match": {"operation": "UploadPart", "part_number": 3}, "action": "reset", "at_byte": 9999}),
    "part damaged": (SIZE, {"match": {"operation": "UploadPart", "part_number": 2}, "action": "corrupt_body"}),
    "keys expire": (SIZE, {"match": {"operation": "UploadPart", "part_number": 5}, "action": "expire_token"}),
    "joined, but not told": (SIZE, {"match": {"operation": "CompleteMultipartUpload"}, "action": "drop_reply"}),
    "object damaged": (9, {"match": {"operation": "PutObject"}, "action": "corrupt_body"}),
    "stored, but not told": (9, {"match": {"operation": "PutObject"}, "action": "drop_reply"}),
    "store busy": (9, {"match": {"operation": "PutObject"}, "action": "throttle", "times": 2}),
    "keys expire at once": (9, {"match": {"operation": "PutObject"}, "action": "expire_token"}),
    "nobody listened": (
        9,
        {"match": {"operation": "PutObject"}, "action": "error", "code": "CallbackFailed", "status": 203},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_upload_survives(client: Client, overseas: Any, media_file: Callable[..., Path], name: str) -> None:
    size, fault = FAULTS[name]
    path = media_file(size)
    overseas.set_faults([fault])
    result = client.upload(path)
    item = the_media(overseas)
    assert result.media_id == item["media_id"]
    assert item["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert overseas.meter()["media_created"] == 1
    assert any(record["fault"] for record in overseas.history())


@pytest.mark.parametrize("size", [1, SIZE])
def test_an_object_nobody_was_told_of_is_ambiguous_and_stays(
    config_for: Callable[..., TransferConfig], overseas: Any, media_file: Callable[..., Path], size: int
) -> None:
    overseas.settings(netease_callback="failing")
    with Client("netease", config=config_for(attempts=2)) as client, pytest.raises(AmbiguousCommit):
        client.upload(media_file(size))
    assert overseas.media()[0]["objects"][0]["size"] == size


def test_a_file_that_changes_makes_no_media(client: Client, overseas: Any, media_file: Callable[..., Path]) -> None:
    path = media_file(SIZE)

    def grow(event: Any) -> None:
        if isinstance(event, Progress):
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(SourceChanged):
        client.upload(path, events=grow)
    assert overseas.meter()["media_created"] == 0
    assert overseas.media()[0]["state"] == "aborted"


def test_everything_is_https_by_default(overseas: Any) -> None:
    config = TransferConfig(proxy=f"http://{overseas.endpoint}", ca_bundle=overseas.ca)
    with Client("netease", credentials=emulator_credentials("netease"), config=config) as client:
        result = client.upload(b"x", name="clip.mp4")
    calls = [record for record in overseas.history() if record["media_id"] == result.media_id]
    assert [record["operation"] for record in calls] == ["upload/init", "PutObject"]
    assert all(record["secure"] for record in calls)


def test_what_a_phone_needs_holds_the_temporary_keys(client: Client) -> None:
    token = json.loads(client.issue_token(name="clip.mp4"))
    assert (token["storageType"], token["bucket"]) == ("oss", "vodsea-emulator")
    assert {"object", "host", "accessKeyId", "accessKeySecret", "securityToken", "callback"} <= set(token)


def test_what_makes_the_media_is_sent_once_in_an_attempt_however_many_connections_die(
    config_for: Callable[..., TransferConfig], overseas: Any, media_file: Callable[..., Path]
) -> None:
    lost = {"match": {"operation": "CompleteMultipartUpload"}, "action": "drop_reply", "times": 0}
    overseas.set_faults([lost])
    with Client("netease", config=config_for(part_size=MIB, attempts=1)) as client:
        result = client.upload(media_file(8 * MIB))  # its connections are kept: libcurl would try again on each
    assert result.media_id == the_media(overseas)["media_id"]
    assert operations(overseas).count("CompleteMultipartUpload") == 1
