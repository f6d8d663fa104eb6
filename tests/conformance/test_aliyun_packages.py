"""HLS into ApsaraVideo VOD: one session, every member behind ObjectPrefix, the playlist last; the emulator judges."""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from vodfast import Client, InvalidInput, TransferConfig, UploadItem, VodfastError
from vodfast.config import MIB
from vodfast.providers.aliyun import UploadOptions, UploadToken

HLS = Path(__file__).parents[1] / "media" / "hls"
MASTER = HLS / "master.m3u8"
ConfigFor = Callable[..., TransferConfig]


def operations(emulator: Any) -> collections.Counter[str]:
    return collections.Counter(entry["operation"] for entry in emulator.history())


def stored(emulator: Any, media_id: str | None) -> dict[str, str]:
    """SHA-256 by path behind the session's prefix; the playlist itself, whose key the service chose, is ``""``."""
    (media,) = [media for media in emulator.media() if media["media_id"] == media_id]
    assert (media["state"], media["open_uploads"]) == ("committed", 0)
    *members, playlist = media["objects"]
    folder = playlist["key"].rpartition("/")[0] + "/"
    return {item["key"].removeprefix(folder): item["sha256"] for item in members} | {"": playlist["sha256"]}


def digests(manifest: Path) -> dict[str, str]:
    """The same of a playlist whose folder holds its members and nothing else."""
    return {
        "" if path == manifest else path.relative_to(manifest.parent).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in manifest.parent.rglob("*")
        if path.is_file()
    }


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    return folder / next(iter(files))


WAYS: list[dict[str, object]] = [
    {},
    {"signature": "V1", "oss_signature": "V1"},
    {"endpoint": "by address"},
    {"network": "internal", "region": "ap-southeast-1"},
]


@pytest.mark.parametrize("way", WAYS, ids=["default", "older signatures", "path style", "internal"])
def test_every_member_is_stored_once_and_the_playlist_last(
    vodfast_emulator: Any, config_for: ConfigFor, way: dict[str, object]
) -> None:
    settings = {name: vodfast_emulator.endpoint if value == "by address" else value for name, value in way.items()}
    with Client("aliyun", config=config_for(), settings=settings) as client:
        result = client.upload(MASTER, title="A show", tags=["a"])
    wanted = digests(MASTER)
    assert stored(vodfast_emulator, result.media_id) == wanted
    assert len(wanted) == 13
    assert {"encrypted/key.bin", "fragmented/init.mp4", "encrypted/index.m3u8", "fragmented/index.m3u8"} < wanted.keys()
    assert operations(vodfast_emulator) == {"CreateUploadVideo": 1, "PutObject": 13}
    last = vodfast_emulator.history()[-1]
    assert (last["operation"], last["status"]) == ("PutObject", 200)
    (media,) = vodfast_emulator.media()
    assert unquote(last["path"]).endswith(media["objects"][-1]["key"].rpartition("/")[2])
    assert (media["asked"]["FileName"], media["asked"]["Title"]) == ("master.m3u8", "A show")
    assert (result.verified, result.bytes) == ("crc64", sum(p.stat().st_size for p in HLS.rglob("*") if p.is_file()))
    assert vodfast_emulator.meter()["media_created"] == 1


AWKWARD = {
    "blank lines and carriage returns": (
        {"index.m3u8": "#EXTM3U\r\n\r\n#EXTINF:2,\r\na.ts\r\n\r\n#EXT-X-ENDLIST\r\n", "a.ts": "a"}
    ),
    "queries": {"index.m3u8": "#EXTM3U\n#EXTINF:2,\na.ts?sign=1\n#EXTINF:2,\na.ts?sign=2\n", "a.ts": "a"},
    "equal names in two folders": {
        "index.m3u8": "#EXTM3U\n#EXTINF:2,\none/seg.ts\n#EXTINF:2,\ntwo/seg.ts\n", "one/seg.ts": "1", "two/seg.ts": "2",
    },
    "a key, a map and a subtitle": {
        "Index.M3U8": '#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="n",URI="subs/list.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="s"\nv/list.m3u8\n',
        "v/list.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k%201.bin"\n#EXT-X-MAP:URI="init.mp4"\n'
        "#EXTINF:2,\nseg.m4s\n",
        "v/k 1.bin": "0123456789abcdef", "v/init.mp4": "i", "v/seg.m4s": "s",
        "subs/list.m3u8": "#EXTM3U\n#EXTINF:2,\nwords.vtt\n", "subs/words.vtt": "WEBVTT",
    },
    "a key that its server gives out": {
        "index.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/?id=1"\n#EXTINF:2,\na.ts\n',
        "a.ts": "a",
    },
    "names of every kind": {
        "节目.m3u8": "#EXTM3U\n#EXTINF:2,\n片 段%2B.ts\n#EXTINF:2,\na&b=c;d'e.ts\n#EXTINF:2,\n~x*.ts\n",
        "片 段+.ts": "1", "a&b=c;d'e.ts": "2", "~x*.ts": "3",
    },
    "byte ranges of one file": {
        "index.m3u8": "#EXTM3U\n#EXT-X-BYTERANGE:1@0\n#EXTINF:2,\nall.ts\n#EXT-X-BYTERANGE:1@1\n#EXTINF:2,\nall.ts\n",
        "all.ts": "ab",
    },
}  # fmt: skip


@pytest.mark.parametrize("case", AWKWARD)
def test_playlists_that_the_vendors_client_mistakes(
    vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path, case: str
) -> None:
    manifest = write(tmp_path / "show", AWKWARD[case])
    with Client("aliyun", config=config_for()) as client:
        result = client.upload(manifest)
    assert stored(vodfast_emulator, result.media_id) == digests(manifest)
    assert set(operations(vodfast_emulator)) == {"CreateUploadVideo", "PutObject"}


@pytest.mark.parametrize("nth", [1, 7, 13])
def test_credentials_are_renewed_for_all_members(vodfast_emulator: Any, config_for: ConfigFor, nth: int) -> None:
    fault = {"action": "expire_token", "match": {"operation": "PutObject", "nth": nth}}
    vodfast_emulator.set_faults([fault])
    with Client("aliyun", config=config_for()) as client:
        result = client.upload(MASTER)
    assert stored(vodfast_emulator, result.media_id) == digests(MASTER)
    seen = operations(vodfast_emulator)
    assert (seen["CreateUploadVideo"], seen["RefreshUploadVideo"]) == (1, 1)
    assert vodfast_emulator.meter()["objects_stored"] == 13


def test_large_members_go_in_parts(vodfast_emulator: Any, config_for: ConfigFor, tmp_path: Path) -> None:
    files = {"index.m3u8": "#EXTM3U\n#EXTINF:2,\nbig.ts\n#EXTINF:2,\nsmall.ts\n", "big.ts": "x" * (3 * MIB + 1)}
    manifest = write(tmp_path / "show", files | {"small.ts": "y"})
    with Client("aliyun", config=config_for(part_size=MIB)) as client:
        result = client.upload(manifest)
    assert stored(vodfast_emulator, result.media_id) == digests(manifest)
    assert operations(vodfast_emulator)["UploadPart"] == 4


@pytest.mark.parametrize("nth", [1, 6, 13])
def test_all_or_nothing(vodfast_emulator: Any, config_for: ConfigFor, nth: int) -> None:
    rule = {"action": "error", "code": "AccessDenied", "times": 0, "match": {"operation": "PutObject", "nth": nth}}
    vodfast_emulator.set_faults([rule])
    with Client("aliyun", config=config_for(max_connections=1, start_connections=1)) as client:
        with pytest.raises(VodfastError) as caught:
            client.upload(MASTER)
        assert caught.value.code == "AccessDenied"
    (media,) = vodfast_emulator.media()
    assert (media["state"], media["objects"], media["open_uploads"]) == ("applied", [], 0)
    assert vodfast_emulator.meter()["media_created"] == 0


def test_an_interrupted_package_goes_on(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    outage = {
        "action": "error",
        "code": "ServiceUnavailable",
        "times": 0,
        "match": {"operation": "PutObject", "nth": 8},
    }
    vodfast_emulator.set_faults([outage])
    config = config_for(attempts=2, max_connections=1, start_connections=1)
    with Client("aliyun", config=config) as client, pytest.raises(VodfastError):
        client.upload(MASTER)
    vodfast_emulator.set_faults([])
    with Client("aliyun", config=config) as client:
        result = client.upload(MASTER)
    assert stored(vodfast_emulator, result.media_id) == digests(MASTER)
    assert operations(vodfast_emulator)["CreateUploadVideo"] == 1
    assert vodfast_emulator.meter()["objects_stored"] == 13


def test_a_token_for_a_playlist_is_filled_by_its_holder(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    with Client("aliyun", config=config_for()) as client:
        token = client.issue_token(3000, name="master.m3u8", title="T")
        assert json.loads(token)["VideoId"]
        result = client.upload(MASTER, options=UploadOptions(token=UploadToken.of(token)))
        assert result.media_id == json.loads(token)["VideoId"]
        film = client.issue_token(3000, name="a.mp4")
        with pytest.raises(InvalidInput, match="ObjectPrefix"):
            client.upload(MASTER, options=UploadOptions(token=UploadToken.of(film)))
    assert stored(vodfast_emulator, result.media_id) == digests(MASTER)


def test_packages_and_files_side_by_side(vodfast_emulator: Any, config_for: ConfigFor) -> None:
    items = [
        UploadItem(source=MASTER),
        UploadItem(source=HLS.parent / "clip.mp4"),
        UploadItem(source=MASTER, title="x"),
    ]
    with Client("aliyun", config=config_for()) as client:
        results = list(client.upload_many(items))
    assert [result.state for result in results] == ["done"] * 3
    assert vodfast_emulator.meter()["media_created"] == 3


@pytest.mark.parametrize("source", [b"#EXTM3U\n#EXTINF:2,\na.ts\n", iter([b"#EXTM3U\n"])])
def test_a_playlist_without_its_folder_is_refused(vodfast_emulator: Any, config_for: ConfigFor, source: Any) -> None:
    with Client("aliyun", config=config_for()) as client, pytest.raises(InvalidInput, match="path"):
        client.upload(source, name="index.m3u8")
    assert vodfast_emulator.history() == []
