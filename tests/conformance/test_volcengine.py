"""Volcengine end to end: every kind and way of upload, failover, renewal, pull and jobs, judged by the emulator."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import called
from vodfast import (
    AuthError,
    Client,
    Credentials,
    ErrorKind,
    IntegrityError,
    TransferConfig,
    Unsupported,
    VodfastError,
)
from vodfast.config import MIB
from vodfast.providers.contract import PullItem
from vodfast.providers.volcengine import GetMeta, PullOptions, Snapshot, UploadOptions

PART = 5 * MIB
VPC = UploadOptions(network_mode="vpc-inner")


def judge(emulator: Any, result: Any, data: bytes, *, verified: str | None) -> dict[str, Any]:
    assert (result.state, result.bytes, result.verified) == ("done", len(data), verified)
    (media,) = emulator.media()
    assert (media["cloud"], media["state"], media["media_id"]) == ("volcengine", "committed", result.media_id)
    (stored,) = media["objects"]
    assert (stored["size"], stored["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert emulator.meter()["media_created"] == 1
    return stored


@pytest.mark.parametrize(
    ("kind", "name", "fields", "prefix"),
    [
        ("media", "a clip.mp4", {"title": "标题", "tags": ("a", "b"), "category": "7", "context": 'a=b&"中"'}, "v"),
        ("media", "clip.mp3", {"storage_class": "archive", "description": "d"}, "v"),
        ("media", "clip.mov", {"storage_class": "infrequent_access"}, "v"),
        ("media", "clip.mov", {"storage_class": "standard"}, "v"),
        ("image", "photo.jpg", {"title": "t"}, "m"),
        ("subtitle", "words.vtt", {}, "m"),
        ("material", "letters.ttf", {"category": "font"}, "m"),
        ("material", "sound.mp3", {"category": "audio"}, "m"),
    ],
)
def test_each_kind_arrives_with_its_fields(
    volc: Client, vodfast_emulator: Any, kind: str, name: str, fields: dict[str, Any], prefix: str
) -> None:
    data = b"the bytes of " + name.encode()
    result = volc.upload(data, name=name, kind=kind, **fields)
    stored = judge(vodfast_emulator, result, data, verified="crc32")
    assert result.media_id.startswith(prefix)
    assert stored["key"].endswith(name[name.index(".") :])
    assert [record["operation"] for record in vodfast_emulator.history()] == [
        "ApplyUploadInfo", "DirectUpload", "CommitUploadInfo"
    ]  # fmt: skip


def test_a_file_in_parts_is_joined_and_committed(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(volcengine_merge_numbering="one")
    path = media_file(2 * PART + 1)
    result = volc.upload(path, storage_class="archive")
    judge(vodfast_emulator, result, path.read_bytes(), verified="crc32")
    assert sorted(record["part_number"] for record in called(vodfast_emulator, "UploadPart")) == [1, 2, 3]


@pytest.mark.parametrize("name", ["dir/#1 100%+é?&=.mp4", "a//b;c.mp4", "x%41.mp4", "课/第 1 讲.mp4"])
def test_any_key(volc: Client, vodfast_emulator: Any, name: str) -> None:
    result = volc.upload(b"12345", name="x.mp4", options=UploadOptions(file_name=name))
    stored = judge(vodfast_emulator, result, b"12345", verified="crc32")
    assert stored["key"].partition("/")[2] == name


def test_functions_and_upload_header(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(volcengine_upload_header=True)
    options = UploadOptions(functions=(GetMeta(), Snapshot(2.3)), expire_time="2030-01-01T00:00:00Z", get_meta_mode=1)
    result = volc.upload(b"12345", name="x.mp4", title="t", options=options)
    judge(vodfast_emulator, result, b"12345", verified="crc32")
    assert result.cover_url.startswith("tos-cn-p-")


def test_an_upload_in_parts_carries_the_upload_header_too(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(volcengine_upload_header=True)
    path = media_file(PART + 1)
    judge(vodfast_emulator, volc.upload(path), path.read_bytes(), verified="crc32")
    done = [record["operation"] for record in vodfast_emulator.history() if record["status"] == 200]
    assert done == ["ApplyUploadInfo", "InitUpload", "UploadPart", "UploadPart", "MergeParts", "CommitUploadInfo"]


def test_the_older_version(config_for: Callable[..., TransferConfig], vodfast_emulator: Any) -> None:
    with Client("volcengine", config=config_for(), place="demo", settings={"api_version": "2020-08-01"}) as client:
        result = client.upload(b"12345", name="clip", title="t")
        judge(vodfast_emulator, result, b"12345", verified="crc32")
    assert all("Version=2020-08-01" in call["path"] for call in called(vodfast_emulator, "CommitUploadInfo"))


def test_another_region(config_for: Callable[..., TransferConfig], vodfast_emulator: Any) -> None:
    settings = {"region": "ap-southeast-1"}
    with Client("volcengine", config=config_for(), place="demo", settings=settings) as client:
        judge(vodfast_emulator, client.upload(b"12345", name="c.mp4"), b"12345", verified="crc32")
    assert called(vodfast_emulator, "ApplyUploadInfo")[0]["host"] == "vod.ap-southeast-1.volcengineapi.com"


@pytest.mark.parametrize(
    ("mode", "size", "operations", "verified"),
    [
        ("direct", 100, ["VpcPutObject"], "crc64"),
        ("part", 3 * MIB, ["VpcUploadPart"] * 3 + ["VpcCompleteUpload"], "crc64"),
        ("part", 3 * MIB + 1, ["VpcUploadPart"] * 4 + ["VpcCompleteUpload"], "crc64"),
        ("part", 5, ["VpcUploadPart", "VpcCompleteUpload"], "crc64"),
    ],
)
def test_inside_a_vpc(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], mode: str, size: int, operations: list[str],
    verified: str,
) -> None:  # fmt: skip
    vodfast_emulator.settings(volcengine_vpc=mode, volcengine_vpc_part_size=MIB)
    vodfast_emulator.set_faults([{"action": "status", "code": 503, "match": {"operation": operations[0]}}])
    path = media_file(size)
    result = volc.upload(path, options=VPC)
    judge(vodfast_emulator, result, path.read_bytes(), verified=verified)
    done = [record["operation"] for record in vodfast_emulator.history()[1:-1] if record["status"] == 200]
    assert done == operations


def test_quick_completion_sends_nothing(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(volcengine_vpc="quick")
    result = volc.upload(b"12345", name="x.mp4", options=VPC)
    assert (result.state, result.verified) == ("done", None)
    assert vodfast_emulator.meter()["bytes_received"] == 0
    assert vodfast_emulator.media()[0]["state"] == "committed"


@pytest.mark.parametrize("candidates", ["separate", "shared"])
@pytest.mark.parametrize("size", [100, PART + 1])
def test_a_dead_main_address(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], candidates: str, size: int
) -> None:
    """Six failures are all the attempts one StoreUri gets; hosts that share it take over without starting again."""
    vodfast_emulator.settings(volcengine_candidates=candidates)
    first = "DirectUpload" if size < PART else "UploadPart"
    times = 6 if candidates == "separate" else 1
    fault = {"action": "error", "code": "5001", "match": {"operation": first}, "times": times}
    vodfast_emulator.set_faults([fault if size < PART else fault | {"match": {"operation": first, "part_number": 1}}])
    path = media_file(size)
    judge(vodfast_emulator, volc.upload(path), path.read_bytes(), verified="crc32")
    hosts = [record["host"] for record in called(vodfast_emulator, first)]
    assert hosts[0] == "tos-main.volcvod.com"
    assert "tos-backup.volcvod.com" in hosts
    if candidates == "shared" and size > PART:
        assert len(called(vodfast_emulator, "InitUpload")) == 1


def test_a_gateway_that_has_made_up_its_mind(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults(
        [{"action": "error", "code": "4100", "message": "no", "match": {"operation": "DirectUpload"}}]
    )
    with pytest.raises(VodfastError, match="no") as caught:
        volc.upload(b"12345", name="x.mp4")
    assert (caught.value.code, caught.value.attempts) == ("4100", 1)
    assert vodfast_emulator.meter()["commits"] == 0
    assert len(called(vodfast_emulator, "DirectUpload")) == 1


@pytest.mark.parametrize("size", [100, PART + 1])
def test_an_expired_grant_is_renewed_in_the_same_session(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], size: int
) -> None:
    operation = "DirectUpload" if size < PART else "UploadPart"
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": operation}}])
    path = media_file(size)
    judge(vodfast_emulator, volc.upload(path), path.read_bytes(), verified="crc32")
    assert len(called(vodfast_emulator, "ApplyUploadInfo")) == 2
    assert len(called(vodfast_emulator, "InitUpload")) == (size > PART)


@pytest.mark.parametrize("size", [100, PART + 1])
def test_damaged_bytes_are_sent_again(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], size: int
) -> None:
    operation = "DirectUpload" if size < PART else "UploadPart"
    plan = [{"action": action, "match": {"operation": operation}} for action in ("corrupt_body", "corrupt_digest")]
    vodfast_emulator.set_faults(plan)
    path = media_file(size)
    judge(vodfast_emulator, volc.upload(path), path.read_bytes(), verified="crc32")
    assert [rule["hits"] for rule in vodfast_emulator.faults()] == [1, 1]
    assert len(called(vodfast_emulator, operation)) == (3 if size < PART else 4), "a wrong answer is no success either"


def test_checksums_inside_a_vpc(volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path]) -> None:
    vodfast_emulator.settings(volcengine_vpc="part", volcengine_vpc_part_size=MIB)
    path = media_file(2 * MIB)
    lies = [{"action": "corrupt_digest", "match": {"operation": "VpcUploadPart"}}]
    vodfast_emulator.set_faults(lies)
    judge(vodfast_emulator, volc.upload(path, options=VPC), path.read_bytes(), verified="crc64")
    assert len(called(vodfast_emulator, "VpcUploadPart")) == 3
    vodfast_emulator.reset()
    vodfast_emulator.set_faults([{"action": "corrupt_digest", "match": {"operation": "VpcCompleteUpload"}}])
    with pytest.raises(IntegrityError, match="not what was sent"):
        volc.upload(path, options=VPC)
    assert vodfast_emulator.meter()["commits"] == 0


def test_a_dead_presigned_url_needs_a_new_session(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": "VpcPutObject"}}])
    assert volc.upload(b"12345", name="x.mp4", options=VPC).state == "done"
    assert [media["state"] for media in vodfast_emulator.media()] == ["applied", "committed"]
    assert len(called(vodfast_emulator, "ApplyUploadInfo")) == 2


def test_an_upload_the_gateway_forgot_starts_anew(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults(
        [{"action": "error", "code": "UploadNotFound", "match": {"operation": "UploadPart", "part_number": 1}}]
    )
    path = media_file(PART + 1)
    result = volc.upload(path)
    states = {media["media_id"]: media["state"] for media in vodfast_emulator.media()}
    assert states == {result.media_id: "committed", **{one: "applied" for one in states if one != result.media_id}}
    assert len(states) == 2
    assert len(called(vodfast_emulator, "ApplyUploadInfo")) == 2, "a fresh grant would not bring it back"


def test_a_grant_that_is_refused_for_ever_ends_the_upload(volc: Client, vodfast_emulator: Any) -> None:
    fault = {"action": "error", "code": "InvalidAuth", "match": {"operation": "DirectUpload"}, "times": 0}
    vodfast_emulator.set_faults([fault])
    with pytest.raises(VodfastError) as caught:
        volc.upload(b"12345", name="x.mp4")
    assert (caught.value.kind, caught.value.code) == (ErrorKind.AUTH, "4030")
    assert len(called(vodfast_emulator, "DirectUpload")) == 2, "one more for a renewed grant, and no more"
    assert vodfast_emulator.meter()["commits"] == 0


def test_the_same_name_overwrites(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(volcengine_candidates="none")
    named = UploadOptions(file_name="x.mp4")
    for data in (b"first", b"second"):
        volc.upload(data, name="x.mp4", options=named)
    assert [[one["size"] for one in media["objects"]] for media in vodfast_emulator.media()] == [[], [6]]


@pytest.mark.parametrize("operation", ["InitUpload", "UploadPart", "CommitUploadInfo"])
def test_a_lost_answer_makes_no_second_media(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], operation: str
) -> None:
    vodfast_emulator.set_faults([{"action": "drop_reply", "match": {"operation": operation}}])
    path = media_file(100 if operation == "CommitUploadInfo" else PART + 1)
    result = volc.upload(path)
    assert result.state == "done"
    assert vodfast_emulator.meter()["media_created"] == 1


def test_a_lost_merge_starts_a_new_session(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.set_faults([{"action": "drop_reply", "match": {"operation": "MergeParts"}}])
    path = media_file(PART + 1)
    result = volc.upload(path)
    states = {media["media_id"]: media["state"] for media in vodfast_emulator.media()}
    assert states.pop(result.media_id) == "committed"
    assert "committed" not in states.values()
    assert vodfast_emulator.meter()["media_created"] == 1


def test_pull_and_jobs(volc: Client, vodfast_emulator: Any) -> None:
    items = [PullItem(url=f"http://cdn.example/{number}.mp4?a=b&c", media_type="mp4") for number in range(22)]
    items.append(
        PullItem(
            url="http://nowhere.invalid/x.mp4",
            title="t",
            context="c",
            options=PullOptions(headers={"X-A": "1 2"}, tags=("a", "b"), file_extension=".mp4", low_priority=True),
        )
    )
    tickets = volc.pull(items)
    assert [ticket.url for ticket in tickets] == [item.url for item in items]
    assert len(called(vodfast_emulator, "UploadMediaByUrl")) == 2
    ids = [ticket.job_id for ticket in tickets]
    states = [[job.state for job in volc.jobs(ids)] for _ in range(3)]
    assert states == [["waiting"] * 23, ["running"] * 23, ["done"] * 22 + ["failed"]]
    (job, unknown) = volc.jobs([ids[0], "nobody"])
    assert (job.vendor_state, job.raw["JobId"]) == ("success", ids[0])
    assert job.media_id in {media["media_id"] for media in vodfast_emulator.media()}
    assert (unknown.state, unknown.vendor_state) == ("unknown", "")


def test_what_it_cannot_do(volc: Client) -> None:
    for ask in (lambda: volc.media(["v1"]), lambda: volc.set_callback("https://x.example/")):
        with pytest.raises(Unsupported, match="volcengine"):
            ask()
    with pytest.raises(Unsupported, match="Snapshot"):
        volc.upload(b"1", name="x.mp4", cover=io.BytesIO(b"2"), cover_name="c.jpg")


def test_a_refused_space(config_for: Callable[..., TransferConfig], vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(volcengine_spaces=["demo"])
    with Client("volcengine", config=config_for(), place="other") as client, pytest.raises(VodfastError) as caught:
        client.upload(b"1", name="x.mp4")
    assert (caught.value.kind, caught.value.code) == (ErrorKind.INVALID_INPUT, "InvalidParameter")
    assert vodfast_emulator.media() == []


def holder(client: Client, **fields: Any) -> Credentials:
    token = json.loads(client.issue_token(600, **fields))
    return Credentials.of(token["AccessKeyID"], token["SecretAccessKey"], token["SessionToken"])


def test_a_token_uploads_what_it_allows(
    volc: Client, config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    keys = holder(volc, spaces=["demo"], file_name_pattern="test/*", min_bytes=2, max_bytes=10)
    config = config_for()
    with Client("volcengine", credentials=keys, config=config, place="demo", allow_foreign_keys=True) as client:
        named = UploadOptions(file_name="test/x.mp4")
        judge(vodfast_emulator, client.upload(b"12345", name="x.mp4", options=named), b"12345", verified="crc32")
        for data, options in ((b"12345", UploadOptions(file_name="x.mp4")), (b"1", named), (b"1" * 11, named)):
            with pytest.raises(AuthError) as caught:
                client.upload(data, name="x.mp4", options=options)
            assert caught.value.code == "LackPolicy"
        with pytest.raises(AuthError):
            client.pull(["http://x.example/a.mp4"])
        vodfast_emulator.settings(clock_offset=601)
        with pytest.raises(AuthError) as caught:
            client.upload(b"12345", name="x.mp4", options=named)
        assert caught.value.code == "InvalidSecretToken"
    with Client("volcengine", credentials=keys, config=config, place="other", allow_foreign_keys=True) as client:
        vodfast_emulator.settings(clock_offset=0)
        with pytest.raises(AuthError, match="LackPolicy"):
            client.upload(b"12345", name="x.mp4", options=named)
