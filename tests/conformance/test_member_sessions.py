"""Packages whose members need sessions of their own: everything is stored before the first commit, the manifest's
commit is the last, and what fails before it leaves no manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conformance.conftest import cancel_at
from tests.oracle import operations
from vodfast import AsyncClient, ErrorKind, SourceChanged, TransferConfig, VodfastError
from vodfast.events import Progress, UploadStarted
from vodfast.providers.contract import MediaSpec
from vodfast.providers.tencent.protocol import TencentVod
from vodfast.transfer.journal_lines import Entry


class SplitVod(TencentVod):
    """A cloud that takes the segments one by one and the rest with the manifest."""

    keys: list[str] = []  # noqa: RUF012 - what was asked, over all instances

    def split_package(self, media: MediaSpec, key: str) -> tuple[MediaSpec, Mapping[str, MediaSpec]]:
        self.keys.append(key)
        own = {one.path: MediaSpec(name=one.path, size=one.size) for one in media.members if one.path.endswith(".ts")}
        rest = tuple(one for one in media.members if one.path not in own)
        return msgspec.structs.replace(media, members=rest), own


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    text = '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k.bin"\n'
    for number in range(6):
        (folder / f"{number}.ts").write_bytes(str(number).encode() * 1000)
        text += f"#EXTINF:2,\n{number}.ts\n"
    (folder / "k.bin").write_bytes(b"k" * 16)
    (folder / "p.m3u8").write_text(text)
    return folder / "p.m3u8"


@pytest.fixture
async def split(config_for: Callable[..., TransferConfig]) -> Any:
    SplitVod.keys.clear()
    async with AsyncClient("tencent", config=config_for()) as client:
        client._access = client._access._replace(provider=SplitVod())
        yield client


def committed(emulator: Any) -> list[list[str]]:
    """File names of each committed media."""
    return [
        sorted(stored["key"].rpartition("/")[2] for stored in media["objects"])
        for media in emulator.media()
        if media["state"] == "committed"
    ]


def judge_nothing_left(emulator: Any) -> None:
    assert all(media["objects"] == [] for media in emulator.media())


async def test_everything_is_stored_before_the_first_commit(vodfast_emulator: Any, split: Any, manifest: Path) -> None:
    events: list[Any] = []
    result = await split.upload(manifest, events=events.append)
    done = operations(vodfast_emulator)
    assert (done.count("ApplyUpload"), done.count("PutObject"), done.count("CommitUpload")) == (7, 8, 7)
    assert done[-7:] == ["CommitUpload"] * 7
    assert sorted(committed(vodfast_emulator)) == [["f0.m3u8", "k.bin"], *[["f0.ts"]] * 6]
    last = vodfast_emulator.history()[-1]
    assert last["media_id"] == result.media_id
    assert result.bytes == sum(path.stat().st_size for path in manifest.parent.iterdir())
    assert [event.size for event in events if isinstance(event, UploadStarted)] == [result.bytes]
    assert max(event.done for event in events if isinstance(event, Progress)) == result.bytes


async def test_the_key_is_that_of_this_very_upload(vodfast_emulator: Any, split: Any, manifest: Path) -> None:
    for title in ("one", "one", "two"):
        await split.upload(manifest, title=title, force_new=True)
    (manifest.parent / "0.ts").write_bytes(b"0" * 1000)
    await split.upload(manifest, title="one")
    first, again, other, changed = SplitVod.keys
    assert first == again
    assert len({first, other, changed}) == 3
    assert len(first) == 32
    assert int(first, 16) >= 0


@pytest.mark.parametrize(
    ("operation", "nth"),
    [("ApplyUpload", 4), ("PutObject", 3), ("PutObject", 8), ("CommitUpload", 1), ("CommitUpload", 7)],
)
async def test_a_failure_takes_every_session_back(
    vodfast_emulator: Any, split: Any, manifest: Path, operation: str, nth: int
) -> None:
    code = "AccessDenied" if operation == "PutObject" else "UnauthorizedOperation"
    rule = {"action": "error", "match": {"operation": operation, "nth": nth}, "code": code}
    vodfast_emulator.set_faults([rule])
    with pytest.raises(VodfastError) as caught:
        await split.upload(manifest)
    assert caught.value.kind is ErrorKind.AUTH
    assert ["f0.m3u8", "k.bin"] not in committed(vodfast_emulator)
    judge_nothing_left(vodfast_emulator)


async def test_a_commit_that_is_refused_is_tried_on_one_member(
    vodfast_emulator: Any, split: Any, manifest: Path
) -> None:
    rule = {"action": "error", "match": {"operation": "CommitUpload"}, "code": "UnauthorizedOperation", "times": 0}
    vodfast_emulator.set_faults([rule])
    with pytest.raises(VodfastError):
        await split.upload(manifest)
    assert operations(vodfast_emulator).count("CommitUpload") == 1
    judge_nothing_left(vodfast_emulator)


async def test_a_refused_manifest_says_what_had_been_finished(
    vodfast_emulator: Any, split: Any, manifest: Path
) -> None:
    rule = {"action": "error", "match": {"operation": "CommitUpload", "nth": 7}, "code": "UnauthorizedOperation"}
    vodfast_emulator.set_faults([rule])
    with pytest.raises(VodfastError, match="6 files it names had been finished before it"):
        await split.upload(manifest)


@pytest.mark.parametrize(
    ("operation", "nth", "kept"),
    [("PutObject", 4, 3), ("PutObject", 8, 7), ("CommitUpload", 4, 8), ("CommitUpload", 7, 8)],
)
async def test_an_interrupted_package_goes_on_member_by_member(
    vodfast_emulator: Any,
    config_for: Callable[..., TransferConfig],
    manifest: Path,
    operation: str,
    nth: int,
    kept: int,
) -> None:
    config = config_for(max_connections=1, start_connections=1)
    fault = {"action": "status", "code": 503, "match": {"operation": operation, "nth": nth}, "times": 0}
    vodfast_emulator.set_faults([fault])
    async with AsyncClient("tencent", config=config) as client:
        client._access = client._access._replace(provider=SplitVod())
        with pytest.raises(VodfastError) as caught:
            await client.upload(manifest)
        manifest_sent = (operation, nth) == ("CommitUpload", 7)
        assert caught.value.kind is (ErrorKind.AMBIGUOUS if manifest_sent else ErrorKind.UNAVAILABLE)
    assert sum(len(media["objects"]) for media in vodfast_emulator.media()) == kept
    vodfast_emulator.set_faults([])
    async with AsyncClient("tencent", config=config) as client:
        client._access = client._access._replace(provider=SplitVod())
        result = await client.upload(manifest)
        assert result.resumed
        assert [line.label for line in await client._journal.items()] == [str(manifest)]
    done = [entry["operation"] for entry in vodfast_emulator.history() if entry["status"] == 200]
    assert (done.count("ApplyUpload"), done.count("PutObject"), done.count("CommitUpload")) == (7, 8, 7)
    assert sorted(committed(vodfast_emulator)) == [["f0.m3u8", "k.bin"], *[["f0.ts"]] * 6]
    assert result.bytes == sum(path.stat().st_size for path in manifest.parent.iterdir())


async def test_a_failure_for_good_is_forgotten_with_its_members(
    vodfast_emulator: Any, split: Any, manifest: Path
) -> None:
    fault = {"action": "error", "match": {"operation": "PutObject", "nth": 5}, "code": "AccessDenied"}
    vodfast_emulator.set_faults([fault])
    with pytest.raises(VodfastError):
        await split.upload(manifest)
    assert await split._journal.items() == []
    await split.upload(manifest)
    assert vodfast_emulator.meter()["media_created"] == 7


async def test_a_member_never_confirmed_is_no_ambiguous_media(
    vodfast_emulator: Any, split: Any, manifest: Path
) -> None:
    vodfast_emulator.set_faults(
        [{"action": "drop_reply", "match": {"operation": "CommitUpload", "nth": 3}, "times": 0}]
    )
    with pytest.raises(VodfastError, match=r"\d\.ts was never confirmed, so its manifest was not committed") as caught:
        await split.upload(manifest)
    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert ["f0.m3u8", "k.bin"] not in committed(vodfast_emulator)


async def test_a_manifest_never_confirmed_keeps_its_members(vodfast_emulator: Any, split: Any, manifest: Path) -> None:
    vodfast_emulator.set_faults(
        [{"action": "drop_reply", "match": {"operation": "CommitUpload", "nth": 7}, "times": 0}]
    )
    with pytest.raises(VodfastError) as caught:
        await split.upload(manifest)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    assert sum(len(media["objects"]) for media in vodfast_emulator.media()) == 8


async def test_a_member_that_changes_after_it_was_sent_is_not_committed(
    vodfast_emulator: Any, split: Any, manifest: Path
) -> None:
    def meddle(event: Any) -> None:
        if isinstance(event, Progress) and event.done >= 6000 and (manifest.parent / "0.ts").stat().st_size == 1000:
            (manifest.parent / "0.ts").write_bytes(b"longer" * 1000)

    with pytest.raises(SourceChanged, match=r"0\.ts"):
        await split.upload(manifest, events=meddle)
    assert "CommitUpload" not in operations(vodfast_emulator)
    judge_nothing_left(vodfast_emulator)


@pytest.mark.parametrize(
    ("operation", "nth", "before"),
    [("ApplyUpload", 5, 5), ("PutObject", 5, 8), ("PutObject", 7, 13)],
    ids=["apply", "member", "rest"],
)
async def test_cancelling_leaves_nothing(
    vodfast_emulator: Any, split: Any, manifest: Path, operation: str, nth: int, before: int
) -> None:
    await cancel_at(vodfast_emulator, split.upload(manifest), operation, nth, before)
    assert "CommitUpload" not in operations(vodfast_emulator)
    judge_nothing_left(vodfast_emulator)


async def test_cancelling_between_the_commits_leaves_no_manifest(
    vodfast_emulator: Any, split: Any, manifest: Path
) -> None:
    slow = {"action": "delay", "seconds": 0.2, "match": {"operation": "CommitUpload"}, "times": 0}
    vodfast_emulator.set_faults([slow])
    task = asyncio.create_task(split.upload(manifest))
    while operations(vodfast_emulator).count("PutObject") < 8:
        await asyncio.sleep(0.005)
    while vodfast_emulator.meter()["calls"].get("tencent.CommitUpload", 0) < 1 and not task.done():
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ["f0.m3u8", "k.bin"] not in committed(vodfast_emulator)
    judge_nothing_left(vodfast_emulator)


async def test_cancelling_as_the_last_commit_is_due_takes_the_manifest_back_as_well(
    vodfast_emulator: Any, split: Any, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the journal writes down that it is about to be sent."""
    write_down, due = Entry.committing, 0

    async def committing(entry: Entry) -> None:
        nonlocal due
        due += 1
        if due == 7:
            task.cancel()
        await write_down(entry)

    monkeypatch.setattr(Entry, "committing", committing)
    task = asyncio.create_task(split.upload(manifest))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert operations(vodfast_emulator).count("CommitUpload") == 6
    judge_nothing_left(vodfast_emulator)
