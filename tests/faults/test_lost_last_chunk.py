"""NetEase: the chunk that finishes the object makes the media, so a lost answer to it leaves a doubt that only the
service can end. Judged by the emulator: one media at most, and never a failure where there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import content
from tests.oracle import operations
from vodfast import AmbiguousCommit, Client, ErrorKind, TransferConfig, VodfastError
from vodfast.config import MIB

ConfigFor = Callable[..., TransferConfig]
SIZE = 2 * MIB + 7_777
NEVER = 10**6


def streamed(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()


SOURCES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "file": lambda path: {"source": path},
    "stream": lambda path: {"source": streamed(path), "name": "clip.mp4"},
}


def lost(nth: int, times: int = 1) -> dict[str, Any]:
    return {"action": "drop_reply", "match": {"operation": "chunk", "nth": nth}, "times": times}


def judge_one_media(emulator: Any, path: Path) -> str:
    (item,) = [item for item in emulator.media() if item["state"] == "committed"]
    assert [held["sha256"] for held in item["objects"]] == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert (item["open_uploads"], emulator.meter()["media_created"]) == (0, 1)
    media_id: str = item["media_id"]
    return media_id


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", [SIZE, 5000], ids=["chunks", "one chunk"])
def test_a_media_that_is_listed_late_is_waited_for_and_not_sent_again(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], source: str, size: int
) -> None:
    path = media_file(size)
    chunks = -(-size // MIB)
    vodfast_emulator.settings(netease_late=3)
    vodfast_emulator.set_faults([lost(chunks)])
    with Client("netease", config=config_for(part_size=MIB, settle_seconds=1.0)) as client:
        result = client.upload(**SOURCES[source](path))
    assert result.media_id == judge_one_media(vodfast_emulator, path)
    assert vodfast_emulator.meter()["parts_stored"] == chunks


@pytest.mark.parametrize("source", SOURCES)
def test_a_media_that_is_never_listed_is_ambiguous(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], source: str
) -> None:
    path = media_file(SIZE)
    vodfast_emulator.settings(netease_late=NEVER)
    vodfast_emulator.set_faults([lost(3)])
    with (
        Client("netease", config=config_for(part_size=MIB, settle_seconds=0.2)) as client,
        pytest.raises(AmbiguousCommit, match="look for it before"),
    ):
        client.upload(**SOURCES[source](path))
    judge_one_media(vodfast_emulator, path)
    assert vodfast_emulator.meter()["parts_stored"] == 3


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("answered", [True, False])
def test_a_single_chunk_may_go_again_into_the_same_object(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], source: str, answered: bool
) -> None:
    """It has no context to ask about. The object's name stays, and with it the media."""
    path = media_file(5000)
    vodfast_emulator.settings(netease_late=NEVER)
    vodfast_emulator.set_faults([lost(1, times=1 if answered else 0)])
    with Client("netease", config=config_for(settle_seconds=0.2, attempts=3)) as client:
        if answered:
            assert client.upload(**SOURCES[source](path)).media_id == judge_one_media(vodfast_emulator, path)
        else:
            with pytest.raises(AmbiguousCommit):
                client.upload(**SOURCES[source](path))
            judge_one_media(vodfast_emulator, path)
    assert operations(vodfast_emulator).count("upload/init") == 1


def test_a_refusal_after_a_doubt_does_not_end_it(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]
) -> None:
    """A dead token would be a reason for a new session, and that would be a second media."""
    path = media_file(5000)
    vodfast_emulator.settings(netease_late=NEVER)
    vodfast_emulator.set_faults([lost(1), {"action": "status", "code": 403, "match": {"operation": "chunk"}}])
    with Client("netease", config=config_for(settle_seconds=0.2)) as client, pytest.raises(AmbiguousCommit):
        client.upload(path)
    judge_one_media(vodfast_emulator, path)
    assert operations(vodfast_emulator).count("upload/init") == 1


def test_a_chunk_whose_object_is_unknown_after_a_refusal_is_sent_again_at_once(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]
) -> None:
    path = media_file(5000)
    vodfast_emulator.set_faults([{"action": "status", "code": 503, "match": {"operation": "chunk"}}])
    with Client("netease", config=config_for(settle_seconds=3600)) as client:
        assert client.upload(path).media_id == judge_one_media(vodfast_emulator, path)


def test_another_run_asks_for_the_object_of_a_single_chunk_before_it_sends_it_again(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]
) -> None:
    path = media_file(5000)
    silent = {"action": "error", "code": "710", "match": {"operation": "video/query"}, "times": 0}
    vodfast_emulator.set_faults([lost(1), silent])
    with Client("netease", config=config_for()) as client, pytest.raises(AmbiguousCommit):
        client.upload(path)
    vodfast_emulator.set_faults([])
    before = len(vodfast_emulator.history())
    with Client("netease", config=config_for()) as client:
        result = client.upload(path)
    assert (result.resumed, result.media_id) == (True, judge_one_media(vodfast_emulator, path))
    assert operations(vodfast_emulator)[before:] == ["video/query"]


@pytest.fixture
def interrupted(vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path]) -> Path:
    """A file whose second chunk never arrived."""
    path = media_file(SIZE)
    vodfast_emulator.set_faults(
        [{"action": "status", "code": 503, "match": {"operation": "chunk", "nth": 2}, "times": 0}]
    )
    with Client("netease", config=config_for(part_size=MIB, attempts=2)) as client, pytest.raises(VodfastError):
        client.upload(path)
    vodfast_emulator.set_faults([])
    return path


def test_an_upload_taken_up_asks_how_far_it_is_and_nothing_else(
    vodfast_emulator: Any, config_for: ConfigFor, interrupted: Path
) -> None:
    before = len(vodfast_emulator.history())
    with Client("netease", config=config_for(part_size=MIB)) as client:
        assert client.upload(interrupted).media_id == judge_one_media(vodfast_emulator, interrupted)
    assert operations(vodfast_emulator)[before:] == ["lbs", "offset", "chunk", "chunk"]


@pytest.mark.parametrize("operation", ["offset", "video/query"])
def test_an_enquiry_that_fails_before_anything_was_sent_is_no_doubt(
    vodfast_emulator: Any, config_for: ConfigFor, interrupted: Path, operation: str
) -> None:
    """With the query the context is gone, so whether the object was finished matters."""
    gone = {"action": "status", "code": 404, "match": {"operation": "offset"}, "times": 0}
    broken = {"action": "status", "code": 503, "match": {"operation": operation}, "times": 0}
    vodfast_emulator.set_faults([broken, gone])
    with Client("netease", config=config_for(part_size=MIB, attempts=2)) as client, pytest.raises(VodfastError) as told:
        client.upload(interrupted)
    assert told.value.kind is ErrorKind.UNAVAILABLE
    vodfast_emulator.set_faults([])
    with Client("netease", config=config_for(part_size=MIB)) as client:
        assert client.upload(interrupted).media_id == judge_one_media(vodfast_emulator, interrupted)


def test_a_context_that_is_gone_begins_the_same_object_anew(
    vodfast_emulator: Any, config_for: ConfigFor, interrupted: Path
) -> None:
    vodfast_emulator.set_faults([{"action": "status", "code": 404, "match": {"operation": "offset"}}])
    with Client("netease", config=config_for(part_size=MIB)) as client:
        client.upload(interrupted)
    done = operations(vodfast_emulator)
    assert done.count("upload/init") == 1
    assert [media["objects"][0]["sha256"] for media in vodfast_emulator.media()] == [
        hashlib.sha256(content(SIZE)).hexdigest()
    ]
