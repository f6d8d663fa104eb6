"""A package as it is collected from disk: what is read, what is counted once, where it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from vodfast.errors import ErrorKind, InvalidInput, SourceChanged
from vodfast.packages import Package, collect, listing, package_kind
from vodfast.transfer.ports import PartSpec
from vodfast.transfer.sources import SourceIdentity

STREAM = "#EXT-X-STREAM-INF:BANDWIDTH=1\n"


def playlist(*lines: str) -> str:
    return "\n".join(["#EXTM3U", *lines, ""])


def segments(*names: str) -> str:
    return playlist(*(f"#EXTINF:2,\n{name}" for name in names))


def variants(*names: str) -> str:
    return playlist(*(f"{STREAM}{name}" for name in names))


def write(folder: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def package(tmp_path: Path) -> Any:
    def make(files: dict[str, str | bytes], name: str = "top.m3u8") -> Package:
        write(tmp_path, **files)
        return collect(str(tmp_path / name), name.rpartition(".")[2].lower())

    return make


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.m3u8", "m3u8"), ("A.M3U8", "m3u8"), ("a.b.MpD", "mpd"), (".m3u8", "m3u8"), ("d/a.mpd", "mpd"),
        ("a.mp4", None), ("m3u8", None), ("a.m3u8.mp4", None), ("a.m3u", None), ("", None), ("a.", None),
        ("d.mpd/a", None),
    ],
)  # fmt: skip
def test_which_names_are_manifests(name: str, kind: str | None) -> None:
    assert package_kind(name) == kind


def test_playlists_are_read_each_once_and_their_members_lie_below_their_folder(package: Any) -> None:
    found = package(
        {
            "top.m3u8": variants("v/1.m3u8", "v/2.m3u8", "v/1.m3u8?again"),
            "v/1.m3u8": segments("a.ts", "d/b.ts"),
            "v/2.m3u8": segments("a.ts"),
            "v/a.ts": b"1",
            "v/d/b.ts": b"22",
        }
    )
    assert [manifest.path for manifest in found.manifests] == ["top.m3u8", "v/1.m3u8", "v/2.m3u8"]
    assert list(found.members) == ["v/1.m3u8", "v/a.ts", "v/d/b.ts", "v/2.m3u8"]
    assert {spec.path: spec.size for spec in found.specs}["v/d/b.ts"] == 2


def test_a_byte_order_mark_and_capitals_are_no_hindrance(package: Any) -> None:
    whole = "<Representation><BaseURL>a.mp4</BaseURL></Representation>"
    mpd = f"\ufeff<MPD><Period><AdaptationSet>{whole}</AdaptationSet></Period></MPD>"
    found = package({"TOP.MPD": mpd, "a.mp4": b"1"}, "TOP.MPD")
    assert list(found.members) == ["a.mp4"]
    assert not found.manifests[0].text.startswith("\ufeff")


@pytest.mark.parametrize("name", ["audio", "audio.php", "a.m3u", "a.M3U8"])
def test_a_playlist_is_known_by_its_role_whatever_its_name(package: Any, name: str) -> None:
    found = package({"top.m3u8": variants(name), name: segments("a.ts"), "a.ts": b"1"})
    assert list(found.members) == [name, "a.ts"]


def test_a_rendition_is_a_playlist_or_a_file(package: Any) -> None:
    media = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="{0}",URI="{0}"'
    names = ("s.m3u8", "s.vtt", "listed")
    found = package(
        {
            "top.m3u8": playlist(*(media.format(name) for name in names)),
            "s.m3u8": segments("1.vtt"),
            "1.vtt": "WEBVTT",
            "s.vtt": "WEBVTT",
            "listed": "\ufeff" + segments("2.vtt"),
            "2.vtt": "WEBVTT",
        }
    )
    assert set(found.members) == {"s.m3u8", "1.vtt", "s.vtt", "listed", "2.vtt"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"top.m3u8": variants("top.m3u8")}, "'top.m3u8' of 'top.m3u8' leads in a circle"),
        ({"top.m3u8": variants("v/../top.m3u8")}, "leads out"),
        (
            {"top.m3u8": variants("a.m3u8"), "a.m3u8": variants("b.m3u8"), "b.m3u8": variants("a.m3u8")},
            "'a.m3u8' of 'b.m3u8' leads in a circle",
        ),
        ({"top.m3u8": variants("a.m3u8"), "a.m3u8": segments("top.m3u8")}, "'top.m3u8' of 'a.m3u8' leads in a circle"),
        (
            {"top.m3u8": variants("v/1.m3u8"), "v/1.m3u8": segments("lost.ts")},
            r"'v/1.m3u8' names 'lost.ts'.*\(v/lost.ts\)",
        ),
        ({"top.m3u8": variants("v/1.m3u8"), "v/1.m3u8": b"RIFF"}, "'v/1.m3u8' is no HLS playlist"),
        ({"top.m3u8": variants("v/1.m3u8"), "v/1.m3u8": b"#EXTM3U\n\xff"}, "'v/1.m3u8' is not UTF-8"),
        ({"top.m3u8": segments("a.mpd"), "a.mpd": "<MPD/>"}, "'a.mpd' of 'top.m3u8' is a manifest of another kind"),
        ({"top.m3u8": variants("v/1.m3u8"), "v/1.m3u8": segments()}, "'v/1.m3u8' names nothing to play"),
        ({"top.m3u8": segments("x" * 300)}, "cannot be opened: file name too long"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_manifest(package: Any, tmp_path: Path, files: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        package(files)
    assert caught.value.item == str(tmp_path / "top.m3u8")
    assert len(str(caught.value)) < 500


EMPTY = {
    "nothing at all": playlist(),
    "an end": playlist("#EXT-X-TARGETDURATION:2", "", "# a comment", "#EXT-X-ENDLIST"),
    "a duration without a segment": playlist("#EXTINF:2,", "#EXT-X-ENDLIST"),
    "a key and a map": playlist('#EXT-X-KEY:METHOD=AES-128,URI="k"', '#EXT-X-MAP:URI="m.mp4"'),
    "captions inside the media": playlist('#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",INSTREAM-ID="CC1"'),
}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_a_playlist_that_plays_nothing_is_refused(package: Any, text: str) -> None:
    with pytest.raises(InvalidInput, match=r"'top\.m3u8' names nothing to play"):
        package({"top.m3u8": text, "k": "", "m.mp4": ""})


def test_a_manifest_without_a_representation_is_refused(package: Any) -> None:
    with pytest.raises(InvalidInput, match=r"'top\.mpd' names nothing to play"):
        package({"top.mpd": "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period/></MPD>"}, "top.mpd")


@pytest.mark.parametrize(
    "line",
    ['#EXT-X-PART:DURATION=1,URI="a.ts"', '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="a.ts"',
     "#EXTINF:2,\n#EXT-X-GAP\nlost.ts", '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"'],
)  # fmt: skip
def test_parts_gaps_and_other_playlists_are_something(package: Any, line: str) -> None:
    assert package({"top.m3u8": playlist(line), "a.ts": "", "i.m3u8": segments("a.ts")}).manifests


def test_two_playlists_may_name_a_third(package: Any) -> None:
    found = package(
        {
            "top.m3u8": variants("a.m3u8", "b.m3u8"),
            "a.m3u8": variants("c.m3u8"),
            "b.m3u8": variants("c.m3u8"),
            "c.m3u8": segments("s.ts"),
            "s.ts": b"",
        }
    )
    assert [manifest.path for manifest in found.manifests] == ["top.m3u8", "a.m3u8", "c.m3u8", "b.m3u8"]


def test_playlists_may_report_on_each_other(package: Any) -> None:
    report = '#EXT-X-RENDITION-REPORT:URI="{}"'
    found = package(
        {
            "top.m3u8": variants("a.m3u8", "b.m3u8"),
            "a.m3u8": segments("a.ts") + report.format("b.m3u8"),
            "b.m3u8": segments("a.ts") + report.format("a.m3u8") + "\n" + report.format("top.m3u8"),
            "a.ts": "",
        }
    )
    assert set(found.members) == {"a.m3u8", "b.m3u8", "a.ts"}


def test_depth_and_numbers_are_bounded(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = {f"{n}.m3u8": variants(f"{n + 1}.m3u8") for n in range(9)} | {"9.m3u8": segments()}
    with pytest.raises(InvalidInput, match="more than 8 playlists deep"):
        package(chain, "0.m3u8")
    monkeypatch.setattr(listing, "MAX_MEMBERS", 2)
    with pytest.raises(InvalidInput, match=r"'c.ts' of 'top.m3u8' is one of more than 2 files"):
        package({"top.m3u8": segments("a.ts", "b.ts", "c.ts"), "a.ts": b"", "b.ts": b"", "c.ts": b""})
    monkeypatch.setattr(listing, "MAX_MANIFESTS", 2)
    gap = playlist("#EXTINF:2,", "#EXT-X-GAP", "lost.ts")
    with pytest.raises(InvalidInput, match=r"'b.m3u8' is one of more than 2 playlists"):
        package({"top.m3u8": variants("a.m3u8", "b.m3u8"), "a.m3u8": gap, "b.m3u8": gap})
    monkeypatch.setattr(listing, "MAX_MANIFEST", 20)
    with pytest.raises(InvalidInput, match="longer than 20 bytes"):
        package({"top.m3u8": segments("a.ts")})


@pytest.mark.parametrize("name", ["missing.m3u8", "no/such/folder/top.m3u8"])
def test_a_manifest_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="no such file") as caught:
        collect(str(tmp_path / name), "m3u8")
    assert caught.value.kind is ErrorKind.NOT_FOUND


@pytest.mark.parametrize("name", ["a\0.m3u8", "folder.m3u8"])
def test_a_manifest_that_is_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.m3u8").mkdir()
    with pytest.raises(InvalidInput, match=r"NUL|not a regular file"):
        collect(f"{tmp_path}/{name}", "m3u8")


def test_what_only_the_cloud_finds_is_taken_along(package: Any, tmp_path: Path) -> None:
    found = package({"top.m3u8": variants("v/1.m3u8"), "v/1.m3u8": segments("a.ts"), "v/a.ts": b"1"})
    write(tmp_path, **{"v/extra.bin": b"22", "v/more.m3u8": segments("b.ts"), "v/b.ts": b"3", "v/c d.ts": b"4"})
    found.add(found.manifests[1], ["a.ts", "./a.ts?x", "extra.bin", "more.m3u8", "c%20d.ts"])
    assert list(found.members) == ["v/1.m3u8", "v/a.ts", "v/extra.bin", "v/more.m3u8", "v/b.ts", "v/c d.ts"]
    assert [manifest.path for manifest in found.manifests] == ["top.m3u8", "v/1.m3u8", "v/more.m3u8"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [("../top.m3u8", "leads out"), ("lost.ts", "no such file"), ("http://h/a.ts", "URL"), ("", "names no file")],
)
def test_what_the_cloud_finds_goes_through_the_same_gate(package: Any, entry: str, words: str) -> None:
    found = package({"top.m3u8": variants("v/1.m3u8"), "v/1.m3u8": segments("a.ts"), "v/a.ts": b"1"})
    with pytest.raises(InvalidInput, match=words) as caught:
        found.add(found.manifests[1], ["a.ts", entry])
    assert "v/1.m3u8" in str(caught.value)


def test_a_gap_the_cloud_lists_stays_a_gap(package: Any) -> None:
    found = package({"top.m3u8": playlist("#EXT-X-GAP", "#EXTINF:2,", "gone.ts")})
    found.add(found.manifests[0], ["gone.ts", "top.m3u8"])
    assert list(found.members) == []


def test_members_are_the_bytes_of_their_files_and_hold_nothing_open(package: Any, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    found = package({"top.m3u8": segments("a.ts", "empty.ts"), "a.ts": b"0123456789" * 1000, "empty.ts": b""})
    source = found.members["a.ts"]
    with source.part(PartSpec(0, 10, 20)).open("crc64") as reader:
        assert len(os.listdir("/proc/self/fd")) == before
        assert bytes(reader.read(100)) == b"01234567890123456789"
    assert source.part(PartSpec(0, 0, 10_000)).checksum("crc32") != 0
    with found.members["empty.ts"].part(PartSpec(0, 0, 0)).open(None) as reader:
        assert bytes(reader.read(100)) == b""
    assert (source.name, source.label) == ("a.ts", str(tmp_path / "a.ts"))
    assert source.identity == SourceIdentity.of((tmp_path / "a.ts").stat())


def _rewrite(path: Path) -> None:
    path.write_bytes(b"x" * 10)


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    found = path.stat()
    os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))
    copy.rename(path)


def _unlink(path: Path) -> None:
    path.unlink()


def _link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder_link(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.symlink_to("moved")


@pytest.mark.parametrize("change", [_rewrite, _replace, _unlink, _link, _fifo, _folder_link])
def test_a_member_that_is_another_file_by_now_is_not_read(package: Any, tmp_path: Path, change: Any) -> None:
    source = package({"top.m3u8": segments("d/a.ts"), "d/a.ts": b"0123456789"}).members["d/a.ts"]
    source.check_unchanged()
    change(tmp_path / "d" / "a.ts")
    with pytest.raises(SourceChanged, match="changed"):
        source.part(PartSpec(0, 0, 10)).open(None)
    if change is not _folder_link:  # the very file is still there, but nobody follows the link to it
        with pytest.raises(SourceChanged, match="changed"):
            source.check_unchanged()
