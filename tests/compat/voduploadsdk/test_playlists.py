"""Playlists on `voduploadsdk`: what is stored beside them and what is refused, judged by the emulator."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.compat.voduploadsdk.uploads import Make, Watched, holds
from tests.oracle import operations
from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException
from vodfast.compat.voduploadsdk.UploadVideoRequest import UploadVideoRequest

pytestmark = pytest.mark.usefixtures("emulated")


def playlist(folder: Path, name: str, *entries: str, tags: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#EXTM3U\n" + tags + "".join(f"#EXTINF:2,\n{entry}\n" for entry in entries) + "#EXT-X-ENDLIST\n")
    return path


def by_name(emulator: Any, media_id: str) -> dict[str, str]:
    """SHA-256 by the last part of the key, the playlist's as `index`."""
    (media,) = [media for media in emulator.media() if media["media_id"] == media_id]
    assert media["state"] == "committed"
    names = {item["key"].rpartition("/")[2]: item["sha256"] for item in media["objects"]}
    return {"index" if name.endswith(".m3u8") else name: digest for name, digest in names.items()}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_playlist_goes_as_it_is(vodfast_emulator: Any, make: Make, tmp_path: Path) -> None:
    names = ["seg 0.ts", "seg1.ts"]
    segments = [make(f"show/{name}", 1000 + number) for number, name in enumerate(names)]
    key = make("show/key.bin", 16)
    tags = '\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin"\n'
    index = playlist(tmp_path / "show", "INDEX.m3u8", *names, tags=tags)
    uploader = Watched()
    assert uploader.parseLocalM3u8(str(index)) == [str(path) for path in segments]
    video_id = uploader.uploadLocalM3u8(UploadVideoRequest(str(index), "T"))
    assert by_name(vodfast_emulator, video_id) == {
        "index": sha(index.read_bytes()), **{path.name: sha(path.read_bytes()) for path in [*segments, key]}
    }  # fmt: skip
    assert operations(vodfast_emulator).count("CreateUploadVideo") == 1
    assert uploader.progress[-1][0] == uploader.progress[-1][1]
    again = uploader.uploadLocalM3u8(UploadVideoRequest(str(index)), [str(path) for path in reversed(segments)])
    assert by_name(vodfast_emulator, again)["index"] == sha(index.read_bytes())


def test_a_playlist_whose_segments_lie_elsewhere_is_rewritten(
    vodfast_emulator: Any, make: Make, tmp_path: Path
) -> None:
    one, two, key = make("far/one.ts", 1000), make("away/two.ts", 2000), make("show/k.bin", 16)
    tags = '#EXT-X-KEY:METHOD=AES-128,URI="k.bin"\n'
    index = playlist(tmp_path / "show", "i.m3u8", "http://h/x/one.ts?sign=1", "../away/two.ts", tags=tags)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    video_id = Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), [str(one), str(two)])
    rewritten = f"#EXTM3U\n{tags}#EXTINF:2,\none.ts\n#EXTINF:2,\ntwo.ts\n#EXT-X-ENDLIST\n"
    assert by_name(vodfast_emulator, video_id) == {
        "index": sha(rewritten.encode()),
        **{path.name: sha(path.read_bytes()) for path in (one, two, key)},
    }
    assert sorted(path.name for path in tmp_path.rglob("*") if "vodfast-state" not in str(path)) == before


def test_a_playlist_uploaded_as_a_video_takes_its_segments_along(
    vodfast_emulator: Any, make: Make, tmp_path: Path
) -> None:
    make("show/one.ts", 1000)
    index = playlist(tmp_path / "show", "i.m3u8", "one.ts")
    info = Watched().uploadLocalVideo(UploadVideoRequest(str(index)))
    assert set(by_name(vodfast_emulator, info["VideoId"])) == {"index", "one.ts"}
    vodfast_emulator.reset()
    for entry in ("gone.ts", "http://h/one.ts"):
        index = playlist(tmp_path / "show", "i.m3u8", entry)
        with pytest.raises(AliyunVodException):
            Watched().uploadLocalVideo(UploadVideoRequest(str(index)))
    with pytest.raises(AliyunVodException, match="use uploadWebM3u8"):
        Watched().uploadWebVideo(UploadVideoRequest("http://h/i.m3u8?sign=1"))
    assert vodfast_emulator.history() == []


def test_segments_above_a_playlist_go_only_if_they_are_listed(
    vodfast_emulator: Any, make: Make, tmp_path: Path
) -> None:
    make("away/two.ts", 2000)
    index = playlist(tmp_path / "show", "i.m3u8", "../away/two.ts")
    with pytest.raises(AliyunVodException, match="leads out"):
        Watched().uploadLocalM3u8(UploadVideoRequest(str(index)))
    assert vodfast_emulator.media() == []
    segments = Watched().parseLocalM3u8(str(index))
    assert set(by_name(vodfast_emulator, Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), segments))) == {
        "index",
        "two.ts",
    }


def test_a_playlist_of_the_web(vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any) -> None:
    segments = [make(f"show/s{number}.ts", 1000 + number) for number in range(3)]
    entries = [f"{path.name}?t={number}" for number, path in enumerate(segments)]
    playlist(tmp_path / "show", "i.m3u8", *entries, tags="\n")
    address = f"{web.address}/show/i.m3u8"
    uploader = Watched()
    urls = [f"{web.address}/show/{path.name}" for path in segments]
    assert uploader.parseWebM3u8(address) == urls
    for more in ((), (urls,)):
        video_id = uploader.uploadWebM3u8(UploadVideoRequest(address), *more)
        found = by_name(vodfast_emulator, video_id)
        rewritten = "#EXTM3U\n" + "".join(f"#EXTINF:2,\n{path.name}\n" for path in segments) + "#EXT-X-ENDLIST\n"
        assert found.pop("index") == sha(rewritten.encode())
        assert found == {path.name: sha(path.read_bytes()) for path in segments}


def test_a_subclass_may_find_the_segments_its_own_way(
    vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any
) -> None:
    one, two = make("far/one.ts", 1000), make("away/two.ts", 2000)
    index = playlist(tmp_path / "show", "i.m3u8", "http://h/x/one.ts?sign=1", "two.ts?sign=2")

    class Finding(Watched):
        def parseLocalM3u8(self, m3u8FilePath: str) -> list[str]:
            assert m3u8FilePath == str(index)
            return [str(one), str(two)]

        def parseWebM3u8(self, m3u8FileUrl: str) -> list[str]:
            return [f"{web.address}/{path.relative_to(tmp_path)}" for path in (one, two)]

    rewritten = sha(b"#EXTM3U\n#EXTINF:2,\none.ts\n#EXTINF:2,\ntwo.ts\n#EXT-X-ENDLIST\n")
    wanted = {"index": rewritten, "one.ts": sha(one.read_bytes()), "two.ts": sha(two.read_bytes())}
    there = Finding().uploadLocalM3u8(UploadVideoRequest(str(index)))
    assert by_name(vodfast_emulator, there) == wanted
    fetched = Finding().uploadWebM3u8(UploadVideoRequest(f"{web.address}/show/i.m3u8"))
    assert by_name(vodfast_emulator, fetched) == wanted


def test_more_slices_than_a_playlist_names_are_stored_beside_it(
    vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any
) -> None:
    segment, more = make("show/s.ts", 1000), make("away/more.ts", 2000)
    index = playlist(tmp_path / "show", "i.m3u8", "s.ts")
    wanted = {"index": sha(index.read_bytes()), "s.ts": sha(segment.read_bytes()), "more.ts": sha(more.read_bytes())}
    there = Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), [str(more), str(segment)])
    assert by_name(vodfast_emulator, there) == wanted
    spread = playlist(tmp_path / "far", "i.m3u8", "s.ts")
    gathered = Watched().uploadLocalM3u8(UploadVideoRequest(str(spread)), [str(more), str(segment)])
    assert by_name(vodfast_emulator, gathered) == wanted
    urls = [f"{web.address}/{path.relative_to(tmp_path)}" for path in (more, segment)]
    fetched = Watched().uploadWebM3u8(UploadVideoRequest(f"{web.address}/show/i.m3u8"), urls)
    assert by_name(vodfast_emulator, fetched) == wanted


KEY_SERVER = '#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/?id=1"\n'
TAGS = '#EXT-X-KEY:METHOD=AES-128,URI="k%201.bin?v=1"\n#EXT-X-MAP:URI="below/init.mp4"\n'


@pytest.mark.parametrize("given", [None, ["s.ts"], ["s.ts", "k 1.bin"]])
def test_keys_and_maps_come_along_from_a_disk_and_from_the_web(
    vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any, given: list[str] | None
) -> None:
    (tmp_path / "show").mkdir()
    members = [make(f"show/{name}", 1000) for name in ("s.ts", "k 1.bin", "below/init.mp4")]
    index = playlist(tmp_path / "show", "i.m3u8", "s.ts", tags=TAGS)
    slices = given and [str(tmp_path / "show" / name) for name in given]
    there = Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), slices)
    holds(vodfast_emulator, there, index, *members)
    urls = given and [f"{web.address}/show/{name.replace(' ', '%20')}" for name in given]
    fetched = Watched().uploadWebM3u8(UploadVideoRequest(f"{web.address}/show/i.m3u8"), urls)
    holds(vodfast_emulator, fetched, index, *members)
    assert operations(vodfast_emulator) == [*["CreateUploadVideo", *["PutObject"] * 4] * 2]


def test_a_key_that_its_server_gives_out_stays_where_it_is(
    vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any
) -> None:
    segment = make("show/s.ts", 1000)
    index = playlist(tmp_path / "show", "i.m3u8", "s.ts", tags=KEY_SERVER)
    holds(vodfast_emulator, Watched().uploadLocalM3u8(UploadVideoRequest(str(index))), index, segment)
    address = f"{web.address}/show/i.m3u8"
    holds(vodfast_emulator, Watched().uploadWebM3u8(UploadVideoRequest(address)), index, segment)


def test_a_playlist_of_the_web_writes_nothing_elsewhere(
    vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any
) -> None:
    make("show/s.ts", 1000)
    for number, entry in enumerate(("..%2F..%2Fs.ts", "%2Ftmp%2Fs.ts", "x/..")):
        playlist(tmp_path / "show", f"{number}.m3u8", entry)
        with pytest.raises(AliyunVodException, match="has no file name") as caught:
            Watched().uploadWebM3u8(UploadVideoRequest(f"{web.address}/show/{number}.m3u8"))
        assert caught.value.type == "InvalidM3u8SliceFile"
    playlist(tmp_path / "show", "tag.m3u8", "s.ts", tags='#EXT-X-KEY:METHOD=AES-128,URI="..%2F..%2Fs.ts"\n')
    with pytest.raises(AliyunVodException, match="encoded slash"):
        Watched().uploadWebM3u8(UploadVideoRequest(f"{web.address}/show/tag.m3u8"))
    assert vodfast_emulator.history() == []


def test_segments_of_one_name_in_folders_of_their_own(vodfast_emulator: Any, make: Make, tmp_path: Path) -> None:
    segments = [make(f"{folder}/s.ts", 1000 + number) for number, folder in enumerate(("one", "two"))]
    index = playlist(tmp_path, "i.m3u8", "one/s.ts", "two/s.ts")
    video_id = Watched().uploadLocalM3u8(UploadVideoRequest(str(index)))
    holds(vodfast_emulator, video_id, index, *segments)
    vodfast_emulator.reset()
    spread = playlist(tmp_path / "far", "i.m3u8", "one/s.ts", "two/s.ts")
    with pytest.raises(AliyunVodException, match=r"two of them are called s\.ts"):
        Watched().uploadLocalM3u8(UploadVideoRequest(str(spread)), [str(path) for path in segments])
    assert vodfast_emulator.history() == []


def test_playlists_that_are_refused(vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any) -> None:
    make("show/one.ts", 10)
    index = playlist(tmp_path / "show", "i.m3u8", "one.ts", "none.ts")
    address = f"{web.address}/show/i.m3u8"
    missing = "FileNotFoundError(2, 'No such file or directory')"
    cases: dict[str, tuple[Any, tuple[str, str]]] = {
        "a segment is missing": (None, ("IOError", missing)),
        "an empty list": ([], ("InvalidM3u8SliceFile", "M3u8 slice files invalid")),
        "not a list": (("one.ts",), ("InvalidM3u8SliceFile", "M3u8 slice files invalid")),
        "a path of the list is missing": (["/nowhere/none.ts"], ("IOError", missing)),
        "a list that leaves one out": ([str(tmp_path / "show" / "one.ts")], ("IOError", missing)),
    }
    for slices, expected in cases.values():
        with pytest.raises(AliyunVodException) as caught:
            Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), slices)
        assert (caught.value.type, caught.value.code) == expected
    for url, urls, expected in (
        (address, [], ("InvalidM3u8SliceFile", "M3u8 slice urls invalid")),
        (address, None, ("FileDownloadError", "Download M3u8 File Error")),
    ):
        with pytest.raises(AliyunVodException) as caught:
            Watched().uploadWebM3u8(UploadVideoRequest(url), urls)
        assert (caught.value.type, caught.value.code) == expected
    for method in (Watched().parseWebM3u8, lambda url: Watched().uploadWebM3u8(UploadVideoRequest(url))):
        with pytest.raises(AliyunVodException) as caught:
            method(f"{web.address}/none.m3u8")
        assert caught.value.type == "IOError"
    assert vodfast_emulator.history() == [], "no upload is opened for what cannot be had"
