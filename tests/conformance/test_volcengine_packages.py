"""HLS packages on Volcengine: every member an object under the playlist's directory, judged by the emulator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import asked, called
from vodfast import Client, InvalidInput, TransferConfig, Unsupported, VodfastError
from vodfast.config import MIB
from vodfast.providers.volcengine import AddOptionInfo, GetMeta, UploadOptions

HLS = Path(__file__).parents[1] / "media" / "hls"
DASH = Path(__file__).parents[1] / "media" / "dash"
FILES = {path.relative_to(HLS).as_posix(): path for path in sorted(HLS.rglob("*")) if path.is_file()}
PLAYLISTS = [name for name in FILES if name.endswith(".m3u8")]


@pytest.fixture
def volc(config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    with Client("volcengine", config=config_for(), place="demo") as opened:
        yield opened


def committed(emulator: Any) -> dict[str, str]:
    """SHA-256 by name of every committed object."""
    objects = [one for media in emulator.media() if media["state"] == "committed" for one in media["objects"]]
    return {one["key"].partition("/")[2]: one["sha256"] for one in objects}


def sent(directory: str) -> dict[str, str]:
    return {f"{directory}{name}": hashlib.sha256(path.read_bytes()).hexdigest() for name, path in FILES.items()}


@pytest.mark.parametrize("directory", ["show/第 1 集/", ""])
def test_every_member_is_stored_and_committed_under_its_name(
    volc: Client, vodfast_emulator: Any, directory: str
) -> None:
    options = UploadOptions(file_name=f"{directory}master.m3u8", functions=(GetMeta(),))
    result = volc.upload(HLS / "master.m3u8", options=options)
    assert committed(vodfast_emulator) == sent(directory)
    assert result.bytes == sum(path.stat().st_size for path in FILES.values())
    assert result.verified == "crc32"
    (own,) = [media for media in vodfast_emulator.media() if media["media_id"] == result.media_id]
    assert own["name"] == f"{directory}master.m3u8"
    assert result.media_id.startswith("v")
    assert vodfast_emulator.meter()["media_created"] == len(FILES)


def test_without_a_name_they_get_one_directory(volc: Client, vodfast_emulator: Any) -> None:
    volc.upload(HLS / "master.m3u8")
    (directory,) = {name.partition("/")[0] for name in committed(vodfast_emulator)}
    assert committed(vodfast_emulator) == sent(f"{directory}/")
    assert len(directory) == 32


def test_the_order_of_things(volc: Client, vodfast_emulator: Any) -> None:
    volc.upload(HLS / "master.m3u8", options=UploadOptions(file_name="x/master.m3u8"))
    operations = [record["operation"] for record in vodfast_emulator.history()]
    assert operations[: len(PLAYLISTS)] == ["ParseUploadManifest"] * len(PLAYLISTS)
    last_stored = max(at for at, operation in enumerate(operations) if operation == "DirectUpload")
    assert operations.index("CommitUploadInfo") > last_stored, "nothing is committed before everything is stored"
    assert operations[-1] == "CommitUploadInfo"
    names = {query["FileName"]: query for query in asked(vodfast_emulator, "ApplyUploadInfo")}
    kinds = {name.removeprefix("x/"): query["FileType"] for name, query in names.items()}
    assert kinds == {name: "media" if name == "master.m3u8" else "object" for name in FILES}
    last = vodfast_emulator.history()[-1]["media_id"]
    assert next(media["name"] for media in vodfast_emulator.media() if media["media_id"] == last) == "x/master.m3u8"


def test_what_is_said_of_the_playlist_is_not_said_of_its_members(volc: Client, vodfast_emulator: Any) -> None:
    options = UploadOptions(functions=(AddOptionInfo(is_hls_index_only=True),), expire_time="2030-01-01T00:00:00Z")
    volc.upload(HLS / "master.m3u8", context="mine", storage_class="archive", options=options)
    commits = asked(vodfast_emulator, "CommitUploadInfo")
    assert json.loads(commits[-1]["Functions"])[0]["Input"] == {"IsHlsIndexOnly": True}
    assert (commits[-1]["CallbackArgs"], commits[-1]["ExpireTime"]) == ("mine", "2030-01-01T00:00:00Z")
    assert all(set(query) == {"Action", "Version", "SpaceName"} for query in commits[:-1])
    assert {query["StorageClass"] for query in asked(vodfast_emulator, "ApplyUploadInfo")} == {"2"}


@pytest.mark.parametrize("mode", ["direct", "part"])
def test_members_travel_inside_a_vpc_too(volc: Client, vodfast_emulator: Any, mode: str) -> None:
    vodfast_emulator.settings(volcengine_vpc=mode, volcengine_vpc_part_size=64 << 10)
    options = UploadOptions(file_name="x/master.m3u8", network_mode="vpc-inner")
    result = volc.upload(HLS / "master.m3u8", options=options)
    assert committed(vodfast_emulator) == sent("x/")
    assert result.verified == "crc64"
    assert called(vodfast_emulator, "DirectUpload") == []


def test_upload_headers_and_dead_hosts_of_members(volc: Client, vodfast_emulator: Any) -> None:
    vodfast_emulator.settings(volcengine_upload_header=True, volcengine_candidates="shared")
    fault = {"action": "error", "code": "5001", "match": {"operation": "DirectUpload", "nth": 3}, "times": 4}
    vodfast_emulator.set_faults([fault])
    volc.upload(HLS / "master.m3u8", options=UploadOptions(file_name="x/master.m3u8"))
    assert committed(vodfast_emulator) == sent("x/")


def test_a_member_that_cannot_be_stored_keeps_everything_from_being_committed(
    volc: Client, vodfast_emulator: Any
) -> None:
    no = {"action": "error", "code": "4100", "match": {"operation": "DirectUpload", "nth": 5}, "times": 0}
    vodfast_emulator.set_faults([no])
    with pytest.raises(VodfastError) as caught:
        volc.upload(HLS / "master.m3u8")
    assert caught.value.code == "4100"
    assert vodfast_emulator.meter()["commits"] == 0


def test_a_member_of_which_the_service_makes_no_media(volc: Client, vodfast_emulator: Any) -> None:
    """Whether an object without a description gets a Mid is not documented: it need not."""
    body = {"ResponseMetadata": {"RequestId": "r"}, "Result": {"Data": {}}}
    quiet = {
        "action": "status", "code": 200, "body": json.dumps(body), "times": 3,
        "match": {"operation": "CommitUploadInfo"}, "headers": {"Content-Type": "application/json"},
    }  # fmt: skip
    vodfast_emulator.set_faults([quiet])
    assert volc.upload(HLS / "master.m3u8").state == "done"


def test_what_the_services_parser_finds_outside_is_refused(volc: Client, vodfast_emulator: Any) -> None:
    body = {"ResponseMetadata": {"RequestId": "r"}, "Result": {"Data": {"MediaSegments": ["../../secret.ts"]}}}
    lie = {
        "action": "status", "code": 200, "body": json.dumps(body),
        "match": {"operation": "ParseUploadManifest"}, "headers": {"Content-Type": "application/json"},
    }  # fmt: skip
    vodfast_emulator.set_faults([lie])
    with pytest.raises(InvalidInput, match=r"secret\.ts"):
        volc.upload(HLS / "master.m3u8")
    assert called(vodfast_emulator, "ApplyUploadInfo") == []


def test_a_package_the_parser_refuses(volc: Client, vodfast_emulator: Any) -> None:
    no = {"action": "error", "code": "InvalidParameter", "message": "no", "match": {"operation": "ParseUploadManifest"}}
    vodfast_emulator.set_faults([no])
    with pytest.raises(InvalidInput, match="no"):
        volc.upload(HLS / "master.m3u8")
    assert called(vodfast_emulator, "ApplyUploadInfo") == []


def test_members_in_parts(config_for: Callable[..., TransferConfig], vodfast_emulator: Any, tmp_path: Path) -> None:
    (tmp_path / "p.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nbig.ts\n#EXT-X-ENDLIST\n")
    data = bytes(range(256)) * (21 * MIB // 256)
    (tmp_path / "big.ts").write_bytes(data)
    with Client("volcengine", config=config_for(part_size=5 * MIB), place="demo") as client:
        client.upload(tmp_path / "p.m3u8", options=UploadOptions(file_name="x/p.m3u8"))
    assert committed(vodfast_emulator)["x/big.ts"] == hashlib.sha256(data).hexdigest()
    assert len(called(vodfast_emulator, "UploadPart")) == 5


def test_dash_is_not_taken(volc: Client, vodfast_emulator: Any) -> None:
    with pytest.raises(Unsupported, match="volcengine"):
        volc.upload(DASH / "manifest.mpd")
    assert vodfast_emulator.history() == []


def test_an_empty_member_is_refused_by_its_own_name(volc: Client, vodfast_emulator: Any, tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(b"")
    (tmp_path / "show.m3u8").write_text("#EXTM3U\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(InvalidInput, match=r"size of 'a\.ts' is 0"):
        volc.upload(tmp_path / "show.m3u8")
    assert vodfast_emulator.history() == []
