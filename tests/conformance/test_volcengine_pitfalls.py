"""Where the vendor's own client goes wrong on Volcengine, and vodfast does not; the emulator's history is the judge.

One test for each known weakness that other tests of this cloud do not show already.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import asked, called
from vodfast import AuthError, Client, Credentials, InvalidInput, SourceChanged, TransferConfig, VodfastError
from vodfast.config import MIB
from vodfast.events import Progress
from vodfast.providers.volcengine import UploadOptions

PART = 5 * MIB
HLS = Path(__file__).parents[1] / "media" / "hls" / "master.m3u8"


def test_a_host_that_stalls_gives_way_to_the_next(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    vodfast_emulator.settings(volcengine_candidates="shared")
    vodfast_emulator.set_faults([{"action": "stall", "match": {"operation": "DirectUpload"}}])
    with Client("volcengine", config=config_for(stall_timeout=1.0), place="demo") as client:
        assert client.upload(b"12345", name="x.mp4").state == "done"
    hosts = [record["host"] for record in called(vodfast_emulator, "DirectUpload")]
    assert hosts == ["tos-main.volcvod.com", "tos-backup.volcvod.com"]


def test_two_accounts_and_regions_at_once(config_for: Callable[..., TransferConfig], vodfast_emulator: Any) -> None:
    caller = {"access_key": "vodfast-emulator-other", "secret": "s", "token": "t"}
    vodfast_emulator.settings(callers=[caller])
    abroad = {"region": "ap-southeast-1"}
    keys = Credentials.of("vodfast-emulator-other", "s", "t")
    with (
        Client("volcengine", config=config_for(), place="demo") as home,
        Client("volcengine", config=config_for(), place="other", settings=abroad, credentials=keys) as away,
    ):
        for client in (home, away, home):
            client.upload(b"12345", name="x.mp4")
        vodfast_emulator.settings(callers=[])  # from here on nobody knows the other account
        with pytest.raises(AuthError):
            away.upload(b"67890", name="y.mp4")
        home.upload(b"67890", name="y.mp4")
    said = [(record["host"], query["SpaceName"]) for record, query in zip(
        called(vodfast_emulator, "CommitUploadInfo"), asked(vodfast_emulator, "CommitUploadInfo"))]  # fmt: skip
    here, there = ("vod.volcengineapi.com", "demo"), ("vod.ap-southeast-1.volcengineapi.com", "other")
    assert said == [here, there, here, here]


@pytest.mark.parametrize(
    ("operation", "code", "number"),
    [("DirectUpload", "InvalidParameter", "4000"), ("ApplyUploadInfo", "QuotaInsufficient", "QuotaInsufficient"),
     ("CommitUploadInfo", "OperationDenied", "OperationDenied")],
)  # fmt: skip
def test_a_refusal_is_told_whole_and_not_repeated(
    volc: Client, vodfast_emulator: Any, capfd: pytest.CaptureFixture[str], operation: str, code: str, number: str
) -> None:
    fault = {"action": "error", "code": code, "message": "no such thing", "match": {"operation": operation}}
    vodfast_emulator.set_faults([fault | {"times": 0}])
    with pytest.raises(VodfastError, match="no such thing") as caught:
        volc.upload(b"12345", name="x.mp4")
    (record,) = called(vodfast_emulator, operation)
    error = caught.value
    assert (error.code, error.request_id, error.operation) == (number, record["request_id"], operation)
    assert error.item == "x.mp4"
    assert capfd.readouterr() == ("", "")


def test_a_commit_outlives_a_passing_failure(volc: Client, vodfast_emulator: Any) -> None:
    fault = {"action": "error", "code": "InternalError", "match": {"operation": "CommitUploadInfo"}, "times": 2}
    vodfast_emulator.set_faults([fault])
    assert volc.upload(b"12345", name="x.mp4").state == "done"
    assert [record["status"] for record in called(vodfast_emulator, "CommitUploadInfo")] == [500, 500, 200]
    assert len(called(vodfast_emulator, "DirectUpload")) == vodfast_emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("change", ["grow", "shrink"])
def test_a_file_that_changes_on_the_way_is_not_committed(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], change: str
) -> None:
    path = media_file(2 * PART)

    def alter(event: object) -> None:
        if isinstance(event, Progress):
            os.truncate(path, 2 * PART + 1 if change == "grow" else PART)

    with pytest.raises(SourceChanged):
        volc.upload(path, events=alter)
    assert vodfast_emulator.meter()["commits"] == 0


def test_an_empty_file_is_refused_before_anything_is_sent(volc: Client, vodfast_emulator: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InvalidInput, match="empty"):
        volc.upload(tmp_path / "empty.mp4")
    assert vodfast_emulator.history() == []


def test_nothing_the_caller_says_is_dropped(volc: Client, vodfast_emulator: Any) -> None:
    options = UploadOptions(upload_source="rtc", get_meta_mode=1, expire_time="2030-01-01T00:00:00Z")
    volc.upload(b"12345", name="x.mp4", options=options, storage_class="archive")
    volc.upload(b"12345", name="x.jpg", kind="image", storage_class="infrequent_access")
    volc.upload(b"12345", name="x.mp4", kind="material", category="video", options=options)
    assert [said.get("StorageClass") for said in asked(vodfast_emulator, "ApplyUploadInfo")] == ["2", "3", None]
    media, image, material = asked(vodfast_emulator, "CommitUploadInfo")
    for said in (media, material):
        assert (said["VodUploadSource"], said["GetMetaMode"]) == ("rtc", "1")
        assert said["ExpireTime"] == "2030-01-01T00:00:00Z"
    assert "ExpireTime" not in image


def test_a_key_that_would_climb_is_refused(volc: Client, vodfast_emulator: Any) -> None:
    with pytest.raises(InvalidInput, match=r'"\.\."'):
        volc.upload(b"12345", name="x.mp4", options=UploadOptions(file_name="a/../b.mp4"))
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize("form", ["quoted", "bare"])
def test_parts_inside_a_vpc_are_joined_whether_or_not_their_etags_are_quoted(
    volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path], form: str
) -> None:
    vodfast_emulator.settings(volcengine_vpc="part", volcengine_vpc_part_size=MIB, volcengine_vpc_etag=form)
    result = volc.upload(media_file(2 * MIB + 1), options=UploadOptions(network_mode="vpc-inner"))
    assert (result.state, result.verified) == ("done", "crc64")
    assert [record["status"] for record in called(vodfast_emulator, "VpcCompleteUpload")] == [200]
    assert len(called(vodfast_emulator, "VpcUploadPart")) == 3


def test_a_member_that_is_sent_again_needs_no_session_more(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([{"action": "status", "code": 503, "match": {"operation": "DirectUpload"}, "times": 3}])
    assert volc.upload(HLS).state == "done"
    files = sum(path.is_file() for path in HLS.parent.rglob("*"))
    assert len(called(vodfast_emulator, "DirectUpload")) == files + 3
    assert (
        len(called(vodfast_emulator, "ApplyUploadInfo")) == len(called(vodfast_emulator, "CommitUploadInfo")) == files
    )


def test_a_throttled_pull_waits(volc: Client, vodfast_emulator: Any) -> None:
    throttle = {"action": "throttle", "retry_after": 0, "match": {"operation": "UploadMediaByUrl"}, "times": 2}
    vodfast_emulator.set_faults([throttle])
    assert volc.pull(["http://cdn.example/a.mp4"])
    assert [record["status"] for record in called(vodfast_emulator, "UploadMediaByUrl")] == [429, 429, 200]


def test_a_tokens_policy_keeps_its_blanks(
    volc: Client, config_for: Callable[..., TransferConfig], vodfast_emulator: Any
) -> None:
    token = json.loads(volc.issue_token(600, spaces=["my space"], file_name_pattern="my shows/*"))
    keys = Credentials.of(token["AccessKeyID"], token["SecretAccessKey"], token["SessionToken"])
    config = config_for()
    with Client("volcengine", credentials=keys, config=config, place="my space", allow_foreign_keys=True) as client:
        options = UploadOptions(file_name="my shows/x y.mp4")
        assert client.upload(b"12345", name="x.mp4", options=options).state == "done"


def test_parts_go_side_by_side(volc: Client, vodfast_emulator: Any, media_file: Callable[..., Path]) -> None:
    fault = {"action": "delay", "seconds": 0.3, "match": {"operation": "UploadPart", "part_number": 1}}
    vodfast_emulator.set_faults([fault])
    assert volc.upload(media_file(4 * PART)).state == "done"
    finished = [record["part_number"] for record in called(vodfast_emulator, "UploadPart")]
    assert finished.index(1) > 0, "other parts did not wait for the first"
