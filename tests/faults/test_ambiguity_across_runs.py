"""A run that never heard whether it had made the media, and the runs after it: refused, expired, cleaned up, forced.
Judged by the emulator: one media at most unless another is asked for, and never one whose bytes were deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from tests.oracle import operations, sha256
from vodfast import AmbiguousCommit, Client, ErrorKind, TransferConfig, VodfastError, session
from vodfast.config import MIB

ConfigFor = Callable[..., TransferConfig]
MediaFile = Callable[..., Path]
HLS = Path(__file__).parents[1] / "media" / "hls"
COMMITS = {"tencent": "CommitUpload", "volcengine": "CommitUploadInfo"}
PLACES = {"volcengine": "demo"}
REFUSALS = [
    ("tencent", "InvalidParameterValue.VodSessionKey"),
    ("tencent", "ResourceNotFound"),
    ("tencent", "InvalidParameterValue.SubAppId"),
    ("tencent", "AuthFailure.TokenFailure"),
    ("volcengine", "ResourceNotFound"),
    ("volcengine", "InvalidParameter"),
    ("volcengine", "AccessDenied"),
]


def rule(action: str, operation: str, *, times: int = 0, **more: Any) -> dict[str, Any]:
    return {"action": action, "match": {"operation": operation}, "times": times, **more}


def opened(cloud: str, config: TransferConfig) -> Client:
    return Client(cloud, place=PLACES.get(cloud), config=config)


def made(emulator: Any) -> list[dict[str, Any]]:
    return [media for media in emulator.media() if media["state"] == "committed"]


def digests(media: dict[str, Any]) -> set[str]:
    return {held["sha256"] for held in media["objects"]}


def leave_in_doubt(emulator: Any, cloud: str, config: TransferConfig, path: Path) -> None:
    emulator.set_faults([rule("drop_reply", COMMITS[cloud])])
    with opened(cloud, config) as client, pytest.raises(AmbiguousCommit):
        client.upload(path)
    emulator.set_faults([])
    assert len(made(emulator)) == 1


@pytest.mark.parametrize(("cloud", "code"), REFUSALS)
def test_a_refusal_of_the_repeated_commit_proves_nothing(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str, code: str
) -> None:
    path, config = media_file(5000), config_for(attempts=2)
    leave_in_doubt(vodfast_emulator, cloud, config, path)
    vodfast_emulator.set_faults([rule("error", COMMITS[cloud], code=code)])
    with opened(cloud, config) as client:
        for _ in range(2):
            with pytest.raises(AmbiguousCommit, match="earlier run was never told") as caught:
                client.upload(path)
            assert caught.value.code == code
        vodfast_emulator.set_faults([])
        result = client.upload(path)
    (media,) = made(vodfast_emulator)
    assert (media["media_id"], digests(media)) == (result.media_id, {sha256(path)})
    assert vodfast_emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("cloud", COMMITS)
@pytest.mark.parametrize("size", [5000, 11 * MIB], ids=["one request", "parts"])
def test_the_commit_is_repeated_although_the_keys_of_the_store_have_expired(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str, size: int
) -> None:
    vodfast_emulator.settings(token_lifetime=30.0)  # within the margin in which keys count as expired
    path, config = media_file(size), config_for(part_size=5 * MIB)
    leave_in_doubt(vodfast_emulator, cloud, config, path)
    before = len(operations(vodfast_emulator))
    with opened(cloud, config) as client:
        result = client.upload(path)
    assert operations(vodfast_emulator)[before:] == [COMMITS[cloud]]
    assert [media["media_id"] for media in made(vodfast_emulator)] == [result.media_id]


@pytest.mark.parametrize("cloud", COMMITS)
def test_gc_leaves_alone_what_may_be_media(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str
) -> None:
    path, config = media_file(5000), config_for()
    leave_in_doubt(vodfast_emulator, cloud, config, path)
    with opened(cloud, config) as client:
        assert [item.state for item in client.take_back()] == ["ambiguous"]
        result = client.upload(path)
    (media,) = made(vodfast_emulator)
    assert (media["media_id"], digests(media)) == (result.media_id, {sha256(path)})


def test_gc_takes_back_what_was_certainly_not_committed(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile
) -> None:
    vodfast_emulator.set_faults([rule("throttle", "CommitUpload")])
    with Client("tencent", config=config_for(attempts=2)) as client:
        with pytest.raises(VodfastError, match="exceed the limit"):
            client.upload(media_file(5000))
        vodfast_emulator.set_faults([])
        assert len(client.take_back()) == 1
    assert [media["objects"] for media in vodfast_emulator.media()] == [[]]


@pytest.mark.parametrize("cloud", COMMITS)
def test_a_session_that_cannot_be_opened_again_stays_in_doubt_until_another_media_is_asked_for(
    vodfast_emulator: Any,
    config_for: ConfigFor,
    media_file: MediaFile,
    monkeypatch: pytest.MonkeyPatch,
    cloud: str,
) -> None:
    path, config = media_file(5000), config_for()
    leave_in_doubt(vodfast_emulator, cloud, config, path)
    with opened(cloud, config) as client:
        with monkeypatch.context() as patched:
            patched.setattr(session, "reopen", lambda *_: None)
            with pytest.raises(AmbiguousCommit, match="do not open"):
                client.upload(path)
        assert len(made(vodfast_emulator)) == 1
        result = client.upload(path, force_new=True)
    first, second = made(vodfast_emulator)
    assert second["media_id"] == result.media_id
    assert digests(first) == digests(second) == {sha256(path)}


@pytest.mark.parametrize("cloud", COMMITS)
def test_a_file_that_changed_meanwhile_becomes_another_media_and_the_first_keeps_its_bytes(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str
) -> None:
    path, config = media_file(5000), config_for()
    first = sha256(path)
    leave_in_doubt(vodfast_emulator, cloud, config, path)
    times = path.stat()
    path.write_bytes(content(6000)[1000:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # only the time nobody can set tells
    with opened(cloud, config) as client:
        client.upload(path)
    assert [digests(media) for media in made(vodfast_emulator)] == [{first}, {sha256(path)}]


@pytest.mark.parametrize("storage", ["nos", "oss"])
@pytest.mark.parametrize("size", [5000, 2 * MIB + 7], ids=["one request", "parts"])
def test_netease_is_asked_for_the_media_before_anything_is_sent_again(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, storage: str, size: int
) -> None:
    vodfast_emulator.settings(netease_storage=storage, netease_late=10**6, netease_callback="silent", token_lifetime=30)
    path, config = media_file(size), config_for(part_size=MIB, settle_seconds=0.1, attempts=2)
    with Client("netease", config=config) as client:
        with pytest.raises(AmbiguousCommit):
            client.upload(path)
        assert [item.state for item in client.take_back()] == ["ambiguous"]
        vodfast_emulator.settings(netease_late=0)
        before = len(operations(vodfast_emulator))
        result = client.upload(path)
        assert client.upload(path).reused
    assert operations(vodfast_emulator)[before:] == ["video/query"]
    assert [media["media_id"] for media in made(vodfast_emulator)] == [result.media_id]


def test_an_object_that_is_there_is_not_sent_again_while_its_media_is_not_listed(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile
) -> None:
    vodfast_emulator.settings(netease_storage="oss", netease_late=10**6, netease_callback="silent")
    path, config = media_file(2 * MIB + 7), config_for(part_size=MIB, settle_seconds=0.1, attempts=2)
    lost = [rule("drop_reply", "CompleteMultipartUpload"), rule("status", "HeadObject", code=503)]
    vodfast_emulator.set_faults(lost)
    with Client("netease", config=config) as client:
        with pytest.raises(AmbiguousCommit):
            client.upload(path)
        vodfast_emulator.set_faults([])
        before = len(operations(vodfast_emulator))
        with pytest.raises(AmbiguousCommit):
            client.upload(path)
    after = operations(vodfast_emulator)[before:]
    assert set(after) == {"video/query", "HeadObject"}
    assert len(made(vodfast_emulator)) == 1


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_a_store_that_refuses_to_say_leaves_the_doubt(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, code: str
) -> None:
    vodfast_emulator.settings(netease_storage="oss", netease_late=10**6, netease_callback="silent")
    path, config = media_file(5000), config_for(settle_seconds=0.1, attempts=2)
    with Client("netease", config=config) as client:
        for plan in ([], [rule("error", "HeadObject", code=code)]):
            vodfast_emulator.set_faults(plan)
            with pytest.raises(AmbiguousCommit):
                client.upload(path)
    assert len(made(vodfast_emulator)) == 1


@pytest.mark.parametrize("cloud", ["tencent", "aliyun"])
def test_an_object_whose_answer_is_lost_every_time_is_looked_for(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str
) -> None:
    path = media_file(5000)
    vodfast_emulator.set_faults([rule("drop_reply", "PutObject")])
    with Client(cloud, config=config_for(attempts=2)) as client:
        result = client.upload(path)
    (media,) = made(vodfast_emulator)
    assert (media["media_id"], digests(media)) == (result.media_id, {sha256(path)})
    assert operations(vodfast_emulator).count("HeadObject") == 1


@pytest.mark.parametrize("cloud", ["tencent", "aliyun"])
@pytest.mark.parametrize("found", [True, False])
def test_an_object_that_was_damaged_is_deleted_though_only_an_outage_kept_it_from_being_sent_anew(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str, found: bool
) -> None:
    plan = [rule("corrupt_body", "PutObject", times=1), rule("status", "PutObject", code=502)]
    vodfast_emulator.set_faults([*plan, *([] if found else [rule("status", "HeadObject", code=503)])])
    with Client(cloud, config=config_for(attempts=2)) as client, pytest.raises(VodfastError) as caught:
        client.upload(media_file(5000))
    assert caught.value.kind is ErrorKind.INTEGRITY
    assert [media["objects"] for media in vodfast_emulator.media()] == [[]]


def test_a_member_in_doubt_is_made_anew_once_its_commit_is_refused(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path
) -> None:
    """Its manifest is what must not be made twice; a member more costs less than a package that never ends."""
    folder = shutil.copytree(HLS, tmp_path / "hls")
    plans = [
        [rule("drop_reply", "CommitUploadInfo")],
        [rule("error", "CommitUploadInfo", code="ResourceNotFound")],
        [],
    ]
    with Client("volcengine", place="demo", config=config_for(attempts=2)) as client:
        for plan in plans[:-1]:
            vodfast_emulator.set_faults(plan)
            with pytest.raises(VodfastError):
                client.upload(folder / "master.m3u8")
        vodfast_emulator.set_faults(plans[-1])
        assert client.upload(folder / "master.m3u8").state == "done"
    names = [media["name"] for media in made(vodfast_emulator)]
    assert len([name for name in names if name.endswith("master.m3u8")]) == 1


@pytest.mark.parametrize(("cloud", "code"), REFUSALS)
@pytest.mark.parametrize("lost", ["drop_reply", "reset"])
def test_a_commit_that_a_kept_connection_swallowed_is_known_to_have_been_sent(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str, code: str, lost: str
) -> None:
    """libcurl would send it again by itself, unseen, and its refusal would pass for the first word."""
    how = {"of": "response", "at_byte": 0} if lost == "reset" else {}
    plan = [rule(lost, COMMITS[cloud], times=1, **how), rule("error", COMMITS[cloud], times=0, code=code)]
    vodfast_emulator.set_faults(plan)
    with opened(cloud, config_for()) as client, pytest.raises(AmbiguousCommit):
        client.upload(media_file(5000))
    (media,) = made(vodfast_emulator)
    assert digests(media) == {sha256(media_file(5000))}


@pytest.mark.parametrize("cloud", ["tencent", "aliyun"])
def test_an_upload_that_a_kept_connection_opened_unheard_is_discarded(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: MediaFile, cloud: str
) -> None:
    with Client(cloud, config=config_for(part_size=MIB, max_connections=1)) as client:
        client.upload(media_file(3 * MIB, "first.mp4"))
        vodfast_emulator.set_faults([rule("drop_reply", "InitiateMultipartUpload", times=1)])
        client.upload(media_file(3 * MIB, "second.mp4"))
    assert [media["open_uploads"] for media in vodfast_emulator.media()] == [0, 0]
    assert operations(vodfast_emulator).count("InitiateMultipartUpload") == 3


@pytest.mark.parametrize(
    ("cloud", "refusal"),
    [
        ("tencent", rule("error", "CommitUpload", code="ResourceNotFound")),
        (
            "aliyun",
            {"action": "error", "code": "AccessDenied", "match": {"operation": "PutObject", "nth": 13}, "times": 1},
        ),
    ],
)
@pytest.mark.parametrize("deletion", ["drop_reply", "stall"])
def test_members_whose_deletion_was_not_heard_of_do_not_count_as_stored(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path, cloud: str, refusal: dict[str, Any], deletion: str
) -> None:
    """A later run that believed the journal would commit a package without them."""
    folder = shutil.copytree(HLS, tmp_path / "hls")
    files = {sha256(path) for path in folder.rglob("*") if path.is_file()}
    assert len(files) == 13
    vodfast_emulator.set_faults([refusal, rule(deletion, "DeleteObject")])
    with Client(cloud, config=config_for(attempts=2, settle_seconds=0.3)) as client:
        with pytest.raises(VodfastError, match="could be deleted"):
            client.upload(folder / "master.m3u8")
        vodfast_emulator.set_faults([])
        assert client.upload(folder / "master.m3u8").state == "done"
    (media,) = made(vodfast_emulator)
    assert digests(media) == files


def test_a_package_in_doubt_stays_so_if_its_manifests_are_not_even_read(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path
) -> None:
    folder = shutil.copytree(HLS, tmp_path / "hls")
    lost = [rule("drop_reply", "CommitUpload")]
    refused = [rule("error", "ParseStreamingManifest", code="UnauthorizedOperation")]
    with Client("tencent", config=config_for(attempts=2)) as client:
        for plan in (lost, refused):
            vodfast_emulator.set_faults(plan)
            with pytest.raises(AmbiguousCommit):
                client.upload(folder / "master.m3u8")
        vodfast_emulator.set_faults([])
        result = client.upload(folder / "master.m3u8")
    assert [media["media_id"] for media in made(vodfast_emulator)] == [result.media_id]
