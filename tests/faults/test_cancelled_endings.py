"""Cancelled while an object is finished: what makes the media is seen through or left alone, what does not is taken
back, and what cannot be taken back now is said or stays in the journal for `gc`. Judged by the emulator."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.test_cancellation import when
from tests.oracle import operations
from vodfast import AmbiguousCommit, AsyncClient, Client, TransferConfig, VodfastError
from vodfast.config import MIB
from vodfast.events import Retried
from vodfast.transfer.journal_lines import ObjectRecord

HLS = Path(__file__).parents[1] / "media" / "hls"
ConfigFor = Callable[..., TransferConfig]
SIZE = 40 * MIB
FINISHING = {"PutObject": 5000, "CompleteMultipartUpload": SIZE}


def rule(action: str, operation: str, times: int = 0, **more: Any) -> dict[str, Any]:
    return {"action": action, "match": {"operation": operation}, "times": times, **more}


def open_uploads(emulator: Any) -> int:
    return sum(media["open_uploads"] for media in emulator.media())


async def cancelled(client: AsyncClient, emulator: Any, **fields: Any) -> Any:
    """What becomes of an upload that is cancelled when the plan's first rule has taken a request."""
    task = asyncio.create_task(client.upload(**fields))
    await when(lambda: bool(emulator.faults()[0]["hits"]))
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    return outcome


# The store tells the media service that the object is there: nothing takes that back.


@pytest.fixture
def overseas(vodfast_emulator: Any) -> Any:
    vodfast_emulator.settings(netease_storage="oss")
    return vodfast_emulator


@pytest.mark.parametrize("operation", FINISHING)
async def test_a_store_that_makes_the_media_is_waited_for(
    overseas: Any, config_for: ConfigFor, media_file: Callable[..., Path], operation: str
) -> None:
    path = media_file(FINISHING[operation])
    overseas.set_faults([rule("delay", operation, seconds=0.2)])
    async with AsyncClient("netease", config=config_for(part_size=5 * MIB)) as client:
        result = await cancelled(client, overseas, source=path)
    (media,) = overseas.media()
    assert (media["state"], media["media_id"]) == ("committed", result.media_id)
    assert [held["sha256"] for held in media["objects"]] == [hashlib.sha256(path.read_bytes()).hexdigest()]


@pytest.mark.parametrize("operation", FINISHING)
async def test_one_that_never_answers_is_ambiguous_and_its_object_is_left_alone(
    overseas: Any, config_for: ConfigFor, media_file: Callable[..., Path], operation: str
) -> None:
    overseas.set_faults([rule("stall", operation, times=1)])
    async with AsyncClient("netease", config=config_for(part_size=5 * MIB, settle_seconds=0.2)) as client:
        outcome = await cancelled(client, overseas, source=media_file(FINISHING[operation]))
    assert isinstance(outcome, AmbiguousCommit)
    assert "DeleteObject" not in operations(overseas)


@pytest.mark.parametrize("operation", FINISHING)
async def test_a_cancellation_after_a_lost_answer_does_not_end_the_doubt(
    overseas: Any, config_for: ConfigFor, media_file: Callable[..., Path], operation: str
) -> None:
    """It comes while the upload waits to ask again."""
    overseas.set_faults([rule("drop_reply", operation)])
    config = config_for(part_size=5 * MIB, settle_seconds=0.2, backoff_base=1000.0, backoff_cap=1000.0)
    async with AsyncClient("netease", config=config) as client:
        retried = asyncio.Event()
        upload = client.upload(media_file(FINISHING[operation]), events=lambda event: told(event, retried))
        task = asyncio.create_task(upload)
        await retried.wait()
        task.cancel()
        with pytest.raises(AmbiguousCommit):
            await task
    (media,) = overseas.media()
    assert (media["state"], len(media["objects"])) == ("committed", 1)


def told(event: Any, retried: asyncio.Event) -> None:
    if isinstance(event, Retried):
        retried.set()


@pytest.mark.parametrize("operation", FINISHING)
def test_a_media_that_cannot_be_looked_up_is_ambiguous_and_its_object_is_left_alone(
    overseas: Any, config_for: ConfigFor, media_file: Callable[..., Path], operation: str
) -> None:
    overseas.set_faults([rule("drop_reply", operation), rule("error", "video/query", code="710")])
    with Client("netease", config=config_for(part_size=5 * MIB)) as client, pytest.raises(AmbiguousCommit):
        client.upload(media_file(FINISHING[operation]))
    (media,) = overseas.media()
    assert (media["state"], len(media["objects"])) == ("committed", 1)


DAMAGE = {
    "the store says other bytes": ("PutObject", [rule("corrupt_digest", "PutObject")]),
    "the store has other bytes": ("PutObject", [rule("corrupt_body", "PutObject")]),
    "could not be sent anew": (
        "PutObject",
        [rule("corrupt_body", "PutObject", times=1), rule("throttle", "PutObject")],
    ),
    "joined wrong": ("CompleteMultipartUpload", [rule("corrupt_digest", "CompleteMultipartUpload")]),
    "joined wrong after a lost answer": (
        "CompleteMultipartUpload",
        [
            rule("reset", "CompleteMultipartUpload", times=1, at_byte=0),
            rule("corrupt_digest", "CompleteMultipartUpload"),
        ],
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_object_the_service_was_told_of_is_no_plain_failure_nor_ever_taken_for_the_right_one(
    overseas: Any, config_for: ConfigFor, media_file: Callable[..., Path], damage: str
) -> None:
    """Nothing takes the media back, so nobody may hear that nothing was committed; the next run replaces it."""
    operation, plan = DAMAGE[damage]
    overseas.set_faults(plan)
    config, path = config_for(part_size=5 * MIB, attempts=2), media_file(FINISHING[operation])
    with Client("netease", config=config) as client:
        with pytest.raises(AmbiguousCommit, match="crc64 differs"):
            client.upload(path)
        (media,) = overseas.media()
        assert (media["state"], len(media["objects"])) == ("committed", 1)
        overseas.set_faults([])
        result = client.upload(path)
        assert (result.verified, client.upload(path).reused) == ("crc64", True)
    (media,) = overseas.media()
    assert media["media_id"] == result.media_id
    assert [held["sha256"] for held in media["objects"]] == [hashlib.sha256(path.read_bytes()).hexdigest()]


def test_a_refused_look_up_after_the_last_chunk_is_no_failure(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]
) -> None:
    vodfast_emulator.settings(netease_callback="silent")
    vodfast_emulator.set_faults([rule("error", "video/query", code="710")])
    with Client("netease", config=config_for()) as client, pytest.raises(AmbiguousCommit, match="could not be looked"):
        client.upload(media_file(5000))
    assert vodfast_emulator.meter()["media_created"] == 1


async def test_nothing_is_waited_for_between_the_last_chunk_and_the_result(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least of all for the journal to write down how to go on: a cancellation in that moment would hide the media."""
    write_down = ObjectRecord.upload

    async def upload(*given: Any, **more: Any) -> None:
        task.cancel()
        await write_down(*given, **more)

    monkeypatch.setattr(ObjectRecord, "upload", upload)
    async with AsyncClient("netease", config=config_for()) as client:
        task = asyncio.create_task(client.upload(media_file(5000)))
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
    made = [media["media_id"] for media in vodfast_emulator.media() if media["state"] == "committed"]
    assert made == [outcome.media_id]


# Joining parts makes no media by itself: they must not stay.


CLOUDS = ["tencent", "aliyun"]


async def streamed(size: int) -> AsyncIterator[bytes]:
    yield bytes(size)


def sources(path: Path) -> dict[str, dict[str, Any]]:
    return {"file": {"source": path}, "stream": {"source": streamed(SIZE), "name": "clip.mp4"}}


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("source", ["file", "stream"])
async def test_parts_are_deleted_even_if_joining_them_gets_no_answer(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], cloud: str, source: str
) -> None:
    vodfast_emulator.set_faults([rule("stall", "CompleteMultipartUpload")])
    async with AsyncClient(cloud, config=config_for(part_size=5 * MIB, settle_seconds=0.6)) as client:
        outcome = await cancelled(client, vodfast_emulator, **sources(media_file(SIZE))[source])
    assert isinstance(outcome, asyncio.CancelledError)
    assert open_uploads(vodfast_emulator) == 0
    assert [media["objects"] for media in vodfast_emulator.media()] == [[]]


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("source", ["file", "stream"])
async def test_parts_that_cannot_be_deleted_are_left_to_gc_or_said(
    vodfast_emulator: Any,
    config_for: ConfigFor,
    media_file: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
    cloud: str,
    source: str,
) -> None:
    plan = [rule("stall", "CompleteMultipartUpload"), rule("status", "AbortMultipartUpload", code=503)]
    vodfast_emulator.set_faults(plan)
    config = config_for(part_size=5 * MIB, settle_seconds=0.6)
    with caplog.at_level(logging.WARNING, "vodfast"):
        async with AsyncClient(cloud, config=config) as client:
            await cancelled(client, vodfast_emulator, **sources(media_file(SIZE))[source])
    assert open_uploads(vodfast_emulator) == 1
    assert ("could not be deleted" in caplog.text) is (source == "stream")
    if source == "file":
        async with AsyncClient(cloud, config=config) as client:
            assert [item.state for item in await client.take_back()] == ["interrupted"]  # the store still refuses
            vodfast_emulator.set_faults([])
            assert [item.state for item in await client.take_back()] == ["aborted"]
            assert await client.take_back() == []
        assert open_uploads(vodfast_emulator) == 0


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_failed_upload_whose_parts_cannot_be_deleted_says_so_and_is_not_forgotten(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], cloud: str
) -> None:
    refused = rule("error", "UploadPart", code="InvalidArgument")
    vodfast_emulator.set_faults([refused, rule("status", "AbortMultipartUpload", code=503)])
    with Client(cloud, config=config_for(part_size=5 * MIB)) as client:
        with pytest.raises(VodfastError, match="could be deleted"):
            client.upload(media_file(SIZE))
        assert open_uploads(vodfast_emulator) == 1
        vodfast_emulator.set_faults([])
        assert len(client.take_back()) == 1
    assert open_uploads(vodfast_emulator) == 0


@pytest.mark.parametrize("cloud", CLOUDS)
def test_gc_finds_an_upload_whose_id_nobody_heard(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], cloud: str
) -> None:
    plan = [
        rule("drop_reply", "InitiateMultipartUpload"),
        rule("status", "ListMultipartUploads", code=503),
    ]
    vodfast_emulator.set_faults(plan)
    with Client(cloud, config=config_for(part_size=5 * MIB, attempts=2)) as client:
        with pytest.raises(VodfastError):
            client.upload(media_file(SIZE))
        assert open_uploads(vodfast_emulator) > 0
        vodfast_emulator.set_faults([])
        assert len(client.take_back()) == 1
    assert open_uploads(vodfast_emulator) == 0


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("ends", ["done", "failed"])
def test_an_upload_nobody_heard_of_that_cannot_be_found_is_said(
    vodfast_emulator: Any,
    config_for: ConfigFor,
    media_file: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
    cloud: str,
    ends: str,
) -> None:
    unheard = rule("drop_reply", "InitiateMultipartUpload", times=1 if ends == "done" else 0)
    vodfast_emulator.set_faults([unheard, rule("status", "ListMultipartUploads", code=503)])
    config = config_for(part_size=5 * MIB, attempts=2, resume=False)
    with caplog.at_level(logging.WARNING, "vodfast"), Client(cloud, config=config) as client:
        if ends == "done":
            client.upload(media_file(SIZE))
            assert "stay in the store" in caplog.text
        else:
            with pytest.raises(VodfastError, match="could be deleted"):
                client.upload(media_file(SIZE))
    assert open_uploads(vodfast_emulator) > 0


def test_a_session_whose_keys_expired_leaves_its_parts_and_says_so(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Its keys alone could delete them, and the service gives no others for the same session."""
    vodfast_emulator.set_faults([rule("expire_token", "CompleteMultipartUpload", times=1)])
    with caplog.at_level(logging.WARNING, "vodfast"), Client("tencent", config=config_for(part_size=5 * MIB)) as client:
        assert client.upload(media_file(SIZE)).state == "done"
    assert open_uploads(vodfast_emulator) == 1
    assert "could be deleted" in caplog.text


@pytest.mark.parametrize(
    "rule_for_deleting",
    [
        rule("redirect", "DeleteObject", location="http://127.0.0.1:9/"),
        rule("error", "DeleteObject", code="UploadConflict"),
        rule("status", "DeleteObject", code=409),
        rule("status", "DeleteObject", code=200, body="<html>sign in</html>"),
    ],
)
def test_an_object_that_could_not_be_deleted_for_a_reason_that_passes_is_said_and_left_to_gc(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], rule_for_deleting: dict[str, Any]
) -> None:
    refused = rule("error", "CommitUpload", code="UnauthorizedOperation")
    vodfast_emulator.set_faults([refused, rule_for_deleting])
    with Client("tencent", config=config_for(attempts=2)) as client:
        with pytest.raises(VodfastError, match="could be deleted"):
            client.upload(media_file(5000))
        vodfast_emulator.set_faults([])
        assert len(client.take_back()) == 1
    assert [media["objects"] for media in vodfast_emulator.media()] == [[]]


def test_the_parts_of_an_object_that_was_cancelled_for_anothers_failure_are_left_to_gc_if_they_stay(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]
) -> None:
    refused = rule("error", "InitiateMultipartUpload", code="AccessDenied") | {"times": 1}
    refused["match"] = {"operation": "InitiateMultipartUpload", "nth": 2}
    vodfast_emulator.set_faults([refused, rule("status", "AbortMultipartUpload", code=503)])
    with Client("tencent", config=config_for(part_size=MIB)) as client:
        with pytest.raises(VodfastError, match="could be deleted"):
            client.upload(media_file(SIZE), cover=media_file(3 * MIB, "cover.png"))
        assert open_uploads(vodfast_emulator) == 1
        vodfast_emulator.set_faults([])
        assert len(client.take_back()) == 1
    assert open_uploads(vodfast_emulator) == 0


@pytest.mark.parametrize("resume", [True, False])
def test_a_stored_object_that_may_not_be_deleted_is_said(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], resume: bool
) -> None:
    plan = [
        rule("error", "CommitUpload", code="UnauthorizedOperation"),
        rule("error", "DeleteObject", code="AccessDenied"),
    ]
    vodfast_emulator.set_faults(plan)
    with Client("tencent", config=config_for(resume=resume)) as client:
        with pytest.raises(VodfastError, match="could be deleted"):
            client.upload(media_file(5000))
        assert len(client.take_back()) == resume  # tried once more, then forgotten
        assert client.take_back() == []


def test_nothing_is_said_of_an_object_that_was_never_stored(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]
) -> None:
    plan = [rule("error", operation, code="AccessDenied") for operation in ("PutObject", "DeleteObject")]
    vodfast_emulator.set_faults(plan)
    with Client("tencent", config=config_for()) as client, pytest.raises(VodfastError) as caught:
        client.upload(media_file(5000))
    assert "could be deleted" not in caught.value.message


@pytest.mark.parametrize("cloud", ["tencent", "aliyun"])
def test_gc_takes_the_time_a_large_package_needs(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path, cloud: str
) -> None:
    """A run that ends has so many seconds for tidying up; whoever asks for it alone has all there are."""
    folder = shutil.copytree(HLS, tmp_path / "hls")
    unavailable = rule("status", "PutObject", code=503) | {"match": {"operation": "PutObject", "nth": 10}}
    vodfast_emulator.set_faults([unavailable])
    with Client(cloud, config=config_for(attempts=2, settle_seconds=0.05, max_calls=2)) as client:
        with pytest.raises(VodfastError):
            client.upload(folder / "master.m3u8")
        vodfast_emulator.set_faults([])
        vodfast_emulator.settings(latency=0.02)
        assert sum(len(media["objects"]) for media in vodfast_emulator.media()) > 0
        assert len(client.take_back()) == 1
    assert [media["objects"] for media in vodfast_emulator.media()] == [[]]
