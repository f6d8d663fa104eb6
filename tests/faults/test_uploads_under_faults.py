"""Named faults on every call of an upload, judged by the emulator's history and meter, never by the client's word."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast import (
    AmbiguousCommit,
    Client,
    ErrorKind,
    IntegrityError,
    RetryClass,
    SourceChanged,
    TransferConfig,
    VodfastError,
)
from vodfast.config import MIB

PART = MIB
SIZE = 3 * MIB + 17
OPERATIONS = [
    "ApplyUpload",
    "InitiateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "CommitUpload",
]
CHANGES = [name for name in OPERATIONS if name != "ApplyUpload"]


def rule(action: str, operation: str, **more: Any) -> dict[str, Any]:
    match = {"operation": operation, **more.pop("match", {})}
    return {"action": action, "match": match, **more}


@pytest.fixture
def upload(vodfast_emulator: Any, config_for: Callable[..., TransferConfig], media_file: Any) -> Callable[..., Any]:
    def run(*plan: dict[str, Any], size: int = SIZE, **fields: Any) -> Any:
        path = media_file(size)
        vodfast_emulator.set_faults(list(plan))
        with Client("tencent", config=config_for(part_size=PART, **fields)) as client:
            return client.upload(path)

    return run


def judge_done(emulator: Any, result: Any, path: Path) -> None:
    """Right bytes, once: one committed media with exactly the file's bytes, nothing open."""
    committed = [media for media in emulator.media() if media["state"] == "committed"]
    assert [media["media_id"] for media in committed] == [result.media_id]
    (stored,) = committed[0]["objects"]
    assert stored["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(media["open_uploads"] for media in emulator.media()) == 0
    assert emulator.meter()["media_created"] == 1


def judge_nothing_left(emulator: Any) -> None:
    for media in emulator.media():
        assert media["state"] != "committed"
        assert media["open_uploads"] == 0
        assert media["objects"] == []


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "code": 500, "times": 2},
        {"action": "status", "code": 503, "times": 2, "headers": {"Retry-After": "0"}},
        {"action": "throttle", "times": 2},
        {"action": "reset", "at_byte": 0},
        {"action": "reset", "at_byte": 20, "of": "response"},
        {"action": "truncate_reply", "at_byte": 30},
        {"action": "status", "code": 502, "body": "<html>bad gateway</html>"},
    ],
    ids=["500 twice", "503 twice", "throttle", "reset request", "reset response", "cut reply", "html"],
)
def test_a_passing_fault_on_any_call_is_survived(
    vodfast_emulator: Any, upload: Any, tmp_path: Path, operation: str, fault: dict[str, Any]
) -> None:
    result = upload({**fault, "match": {"operation": operation}})
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4")
    assert any(entry["fault"] for entry in vodfast_emulator.history())


@pytest.mark.parametrize("operation", [*OPERATIONS, "PutObject"])
def test_an_answer_lost_after_the_effect_makes_no_second_media(
    vodfast_emulator: Any, upload: Any, tmp_path: Path, operation: str
) -> None:
    result = upload(rule("drop_reply", operation), size=PART // 2 if operation == "PutObject" else SIZE)
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4")


@pytest.mark.parametrize("at_byte", [0, 1, 16_384, 65_536, PART - 1])
@pytest.mark.parametrize("part_number", [1, 3, 4])
def test_a_reset_at_any_byte_of_a_part_costs_that_part_only(
    vodfast_emulator: Any, upload: Any, tmp_path: Path, at_byte: int, part_number: int
) -> None:
    if part_number == 4 and at_byte > 17:
        at_byte = 16
    result = upload(rule("reset", "UploadPart", at_byte=at_byte, match={"part_number": part_number}))
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4")
    stored = [
        entry for entry in vodfast_emulator.history() if entry["operation"] == "UploadPart" and not entry["fault"]
    ]
    assert sorted(entry["part_number"] for entry in stored) == [1, 2, 3, 4]


@pytest.mark.parametrize("action", ["corrupt_digest", "corrupt_body"])
@pytest.mark.parametrize("operation", ["UploadPart", "PutObject"])
def test_a_wrong_part_is_sent_again(
    vodfast_emulator: Any, upload: Any, tmp_path: Path, action: str, operation: str
) -> None:
    result = upload(rule(action, operation), size=1000 if operation == "PutObject" else SIZE)
    assert result.verified == "crc64"
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4")


@pytest.mark.parametrize("operation", ["UploadPart", "PutObject", "CompleteMultipartUpload"])
def test_lasting_corruption_is_an_integrity_error_and_nothing_is_committed(
    vodfast_emulator: Any, upload: Any, operation: str
) -> None:
    with pytest.raises(IntegrityError) as caught:
        upload(rule("corrupt_digest", operation, times=0), size=1000 if operation == "PutObject" else SIZE)
    assert caught.value.kind is ErrorKind.INTEGRITY
    assert vodfast_emulator.meter()["commits"] == 0
    judge_nothing_left(vodfast_emulator)


@pytest.mark.parametrize("resume", [False, True])
def test_requests_for_ever_failing_end_with_the_attempts_counted(
    vodfast_emulator: Any, upload: Any, config_for: Any, tmp_path: Path, resume: bool
) -> None:
    """Without a journal nothing is left; with one the same call goes on once the service is well again."""
    with pytest.raises(VodfastError) as caught:
        upload(rule("status", "UploadPart", code=503, times=0), attempts=4, resume=resume)
    assert caught.value.retry is RetryClass.SPENT
    assert caught.value.attempts == 4
    assert caught.value.kind in (ErrorKind.UNAVAILABLE, ErrorKind.THROTTLED)
    if not resume:
        judge_nothing_left(vodfast_emulator)
        return
    assert "goes on from there" in caught.value.message
    vodfast_emulator.set_faults([])
    with Client("tencent", config=config_for(part_size=PART)) as client:
        judge_done(vodfast_emulator, client.upload(tmp_path / "clip.mp4"), tmp_path / "clip.mp4")


def test_a_commit_that_is_never_answered_is_ambiguous_and_keeps_the_objects(vodfast_emulator: Any, upload: Any) -> None:
    with pytest.raises(AmbiguousCommit, match="may or may not exist"):
        upload(rule("drop_reply", "CommitUpload", times=0), attempts=3)
    (media,) = vodfast_emulator.media()
    assert media["state"] == "committed"
    assert len(media["objects"]) == 1
    assert vodfast_emulator.meter()["media_created"] == 1


def test_a_commit_that_never_arrives_is_not_ambiguous(vodfast_emulator: Any, upload: Any) -> None:
    with pytest.raises(VodfastError) as caught:
        upload(rule("error", "CommitUpload", code="ResourceNotFound", times=0))
    assert caught.value.kind is not ErrorKind.AMBIGUOUS
    assert caught.value.code == "ResourceNotFound"
    judge_nothing_left(vodfast_emulator)


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload", "InitiateMultipartUpload"])
def test_credentials_that_expire_on_the_way_cost_one_new_session(
    vodfast_emulator: Any, upload: Any, tmp_path: Path, operation: str
) -> None:
    result = upload(rule("expire_token", operation))
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4") if operation == "InitiateMultipartUpload" else None
    committed = [media for media in vodfast_emulator.media() if media["state"] == "committed"]
    assert [media["media_id"] for media in committed] == [result.media_id]
    assert vodfast_emulator.meter()["calls"]["tencent.ApplyUpload"] == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("operation", [*OPERATIONS, "PutObject"])
def test_a_redirect_is_an_error_and_is_never_followed(
    vodfast_emulator: Any, upload: Any, operation: str, status: int
) -> None:
    elsewhere = f"http://{vodfast_emulator.endpoint}/stolen"
    with pytest.raises(VodfastError) as caught:
        upload(
            rule("redirect", operation, location=elsewhere, status=status, times=0),
            size=1000 if operation == "PutObject" else SIZE,
        )
    assert "redirect" in str(caught.value).lower()
    assert all("stolen" not in entry["path"] for entry in vodfast_emulator.history())
    assert vodfast_emulator.meter()["media_created"] == 0


def test_success_status_with_an_error_inside_is_an_error(vodfast_emulator: Any, upload: Any) -> None:
    with pytest.raises(VodfastError) as caught:
        upload(rule("error", "CompleteMultipartUpload", code="AccessDenied", status=200, times=0))
    assert caught.value.code == "AccessDenied"
    judge_nothing_left(vodfast_emulator)


def test_success_status_with_a_passing_error_inside_is_retried(
    vodfast_emulator: Any, upload: Any, tmp_path: Path
) -> None:
    result = upload(rule("error", "CompleteMultipartUpload", code="InternalError", status=200, times=1))
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4")


def test_a_stalled_part_is_broken_off_and_sent_again(vodfast_emulator: Any, upload: Any, tmp_path: Path) -> None:
    result = upload(rule("stall", "UploadPart", after_bytes=1000), stall_timeout=1.0)
    judge_done(vodfast_emulator, result, tmp_path / "clip.mp4")


def change_during(path: Path, change: Callable[[Path], None]) -> Callable[[Any], None]:
    """An event sink that changes the file once the first part is acknowledged."""
    once = threading.Event()

    def sink(event: Any) -> None:
        if getattr(event, "done", 0) and not once.is_set():
            once.set()
            change(path)

    return sink


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(2 * MIB)
        file.write(b"different")


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def truncate(path: Path) -> None:
    os.truncate(path, 100)


def replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def backdate(path: Path) -> None:
    """Other bytes, same size, the modification time put back: the change time still tells."""
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [rewrite, append, truncate, replace, backdate, Path.unlink])
@pytest.mark.parametrize("connections", [1, 8])
def test_a_file_that_changes_is_never_committed(
    vodfast_emulator: Any, config_for: Any, media_file: Any, change: Any, connections: int
) -> None:
    path = media_file(12 * MIB)
    config = config_for(part_size=PART, max_connections=connections, start_connections=connections)
    with Client("tencent", config=config) as client, pytest.raises(SourceChanged, match="nothing was committed"):
        client.upload(path, events=change_during(path, change))
    assert vodfast_emulator.meter()["commits"] == 0
    judge_nothing_left(vodfast_emulator)


def test_a_small_file_truncated_before_its_put_is_never_committed(
    vodfast_emulator: Any, client: Client, media_file: Any
) -> None:
    path = media_file(800_000)

    def sink(event: Any) -> None:
        if type(event).__name__ == "UploadStarted":
            os.truncate(path, 10)

    with pytest.raises(SourceChanged):
        client.upload(path, events=sink)
    judge_nothing_left(vodfast_emulator)


def test_when_the_cover_fails_the_media_is_taken_back(vodfast_emulator: Any, config_for: Any, media_file: Any) -> None:
    media, cover = media_file(SIZE), media_file(4000, "cover.png")
    vodfast_emulator.set_faults([rule("error", "PutObject", code="AccessDenied", times=0)])
    with Client("tencent", config=config_for(part_size=PART)) as client, pytest.raises(VodfastError) as caught:
        client.upload(media, cover=cover)
    assert caught.value.code == "AccessDenied"
    vodfast_emulator.set_faults([])
    judge_nothing_left(vodfast_emulator)
