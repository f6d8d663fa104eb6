"""Every cloud that takes HLS packages: all members once, found by their playlists, committed as one; judged by the
emulator."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import CLOUDS, Cloud
from tests.oracle import sha256
from vodfast import Client, SourceChanged, VodfastError
from vodfast.events import Progress, UploadStarted

HLS = Path(__file__).parents[1] / "media" / "hls" / "master.m3u8"
MEMBERS = {path.relative_to(HLS.parent).as_posix(): path for path in HLS.parent.rglob("*.*") if path != HLS}


@pytest.fixture(params=[cloud for cloud in CLOUDS if "m3u8" in cloud.provider().limits.packages], ids=lambda c: c.name)
def cloud(request: pytest.FixtureRequest) -> Cloud:
    found: Cloud = request.param
    return found


def stored(emulator: Any) -> Iterator[tuple[str, str, str]]:
    """Media id, key and SHA-256 of every object of committed media."""
    for media in emulator.media():
        if media["state"] == "committed":
            for one in media["objects"]:
                yield media["media_id"], one["key"], one["sha256"]


def judge(emulator: Any, media_id: str | None) -> None:
    """One manifest; every member where a player looks for it from there; nothing else."""
    objects = list(stored(emulator))
    (manifest,) = [key for owner, key, digest in objects if owner == media_id and digest == sha256(HLS)]
    folder = posixpath.dirname(manifest)
    members = {key: digest for _, key, digest in objects if key != manifest}
    assert members == {f"{folder}/{path}": sha256(file) for path, file in MEMBERS.items()}


def test_every_member_is_stored_where_a_player_looks_for_it(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud
) -> None:
    events: list[Any] = []
    result = cloud_client.upload(HLS, title="A package", events=events.append)
    judge(vodfast_emulator, result.media_id)
    assert result.bytes == HLS.stat().st_size + sum(file.stat().st_size for file in MEMBERS.values())
    assert result.verified == cloud.verified
    assert [event.size for event in events if isinstance(event, UploadStarted)] == [result.bytes]
    moved = [event.done for event in events if isinstance(event, Progress)]
    assert (moved, moved[-1]) == (sorted(moved), result.bytes)


def test_the_manifest_is_stored_last(vodfast_emulator: Any, cloud_client: Client) -> None:
    cloud_client.upload(HLS)
    bodies = [
        record for record in vodfast_emulator.history() if record["bytes"] and record["method"] in ("PUT", "POST")
    ]
    sent = [record for record in bodies if record["bytes"] in {file.stat().st_size for file in MEMBERS.values()}]
    assert len(sent) >= len(MEMBERS)
    last = max(vodfast_emulator.history().index(record) for record in sent)
    after = [record["bytes"] for record in vodfast_emulator.history()[last + 1 :]]
    assert HLS.stat().st_size in after


def test_the_same_package_again_is_not_made_again(vodfast_emulator: Any, cloud_client: Client) -> None:
    first = cloud_client.upload(HLS)
    asked = len(vodfast_emulator.history())
    again = cloud_client.upload(HLS)
    assert (again.media_id, again.reused) == (first.media_id, True)
    assert len(vodfast_emulator.history()) == asked


def test_faults_on_the_way_are_retried(vodfast_emulator: Any, cloud_client: Client, cloud: Cloud) -> None:
    vodfast_emulator.set_faults(
        [
            {"action": "reset", "match": {"cloud": cloud.name, "nth": 4}},
            {"action": "status", "code": 503, "match": {"cloud": cloud.name, "nth": 9}, "times": 2},
            {"action": "drop_reply", "match": {"cloud": cloud.name, "nth": 12}},
        ]
    )
    judge(vodfast_emulator, cloud_client.upload(HLS).media_id)


@pytest.mark.parametrize("nth", [1, 3, 6, 10])
def test_what_fails_for_good_makes_no_media_of_the_manifest(
    vodfast_emulator: Any, cloud_client: Client, cloud: Cloud, nth: int
) -> None:
    refused = {"action": "status", "code": 403, "match": {"cloud": cloud.name, "nth": nth}, "times": 0}
    vodfast_emulator.set_faults([refused])
    with pytest.raises(VodfastError):
        cloud_client.upload(HLS)
    assert sha256(HLS) not in {digest for _, _, digest in stored(vodfast_emulator)}


def test_a_member_that_changes_on_the_way_makes_no_media_of_the_manifest(
    vodfast_emulator: Any, cloud_client: Client, tmp_path: Path, package: Callable[..., Path]
) -> None:
    manifest = package(3)
    member = manifest.parent / "0.ts"

    def meddle(event: Any) -> None:
        if isinstance(event, Progress) and event.done >= 3000 and member.stat().st_size == 1000:
            member.write_bytes(b"longer" * 1000)

    with pytest.raises(SourceChanged, match=r"0\.ts"):
        cloud_client.upload(manifest, events=meddle)
    assert sha256(manifest) not in {digest for _, _, digest in stored(vodfast_emulator)}


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """A playlist of `count` segments of 1000 bytes."""

    def make(count: int) -> Path:
        folder = tmp_path / "package"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number}.ts").write_bytes(str(number).encode() * 1000)
        lines = "".join(f"#EXTINF:2,\n{number}.ts\n" for number in range(count))
        (folder / "p.m3u8").write_text(f"#EXTM3U\n{lines}")
        return folder / "p.m3u8"

    return make
