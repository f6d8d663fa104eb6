"""Manifests on the command line: a package is one item, whatever way its files are met."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast.cli.inputs import gather
from vodfast.emulator import Emulator

Run = Callable[..., Any]
MEDIA = Path(__file__).parents[1] / "media"


def playlist(*segments: str) -> str:
    return "#EXTM3U\n" + "".join(f"#EXTINF:2,\n{one}\n" for one in segments)


def make(**files: str | bytes) -> None:
    """Files in the working directory."""
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def plan_of(
    *arguments: str, refused: tuple[str, ...] = (".key", ".m4s"), packages: bool = True
) -> tuple[list[str], list[str]]:
    """Sources and notes of `upload --recursive`."""
    notes: list[str] = []
    plan = gather(
        arguments,
        [],
        cloud="tencent",
        recursive=True,
        refusal=lambda name: "no media type" if name.endswith(refused) else None,
        note=notes.append,
        packages=packages,
    )
    return [entry.source for entry in plan.entries], notes


@pytest.fixture
def package() -> None:
    make(
        **{
            "show/z.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/1.m3u8\n",
            "show/v/1.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="a.key"\n' + playlist("a.ts", "b b.ts")[8:],
            "show/v/a.ts": b"1",
            "show/v/b b.ts": b"2",
            "show/v/a.key": b"k",
            "show/trailer.mp4": b"3",
            "show/v/other.ts": b"4",
        }
    )


def test_a_directory_with_a_package_is_the_manifest_and_what_does_not_belong_to_it(package: None) -> None:
    sources, notes = plan_of("show")
    assert sources == ["show/trailer.mp4", "show/z.m3u8", "show/v/other.ts"]
    assert notes == []


def test_named_one_by_one_the_files_go_with_the_manifest_all_the_same(package: None) -> None:
    sources, notes = plan_of("show/v/a.ts", "show/z.m3u8", "show/v/1.m3u8", "show/trailer.mp4")
    assert sources == ["show/z.m3u8", "show/trailer.mp4"]
    assert notes == ["show/v/a.ts goes with show/z.m3u8", "show/v/1.m3u8 goes with show/z.m3u8"]


def test_without_its_manifest_a_file_stands_for_itself(package: None) -> None:
    assert plan_of("show/v/a.ts", "show/v/1.m3u8")[0] == ["show/v/1.m3u8"]
    assert plan_of("show/v/a.ts", "show/trailer.mp4")[0] == ["show/v/a.ts", "show/trailer.mp4"]


def test_a_link_to_the_directory_changes_nothing(package: None) -> None:
    Path("link").symlink_to("show")
    assert plan_of("link/z.m3u8", "show/v/a.ts")[0] == ["link/z.m3u8"]


def test_a_manifest_the_cloud_does_not_take_keeps_its_segments(package: None) -> None:
    sources, notes = plan_of("show", refused=(".m3u8", ".key"))
    assert sources == ["show/trailer.mp4", "show/v/other.ts"]
    assert notes == ["skipped show/z.m3u8: no media type"]


def test_two_manifests_may_share_segments() -> None:
    whole = "<Representation><BaseURL>a.mp4</BaseURL></Representation>"
    mpd = f"<MPD><Period><AdaptationSet>{whole}</AdaptationSet></Period></MPD>"
    make(**{"p.m3u8": playlist("a.mp4"), "p.mpd": mpd, "a.mp4": b"1"})
    assert plan_of(".")[0] == ["./p.m3u8", "./p.mpd"]


def test_beside_a_manifest_that_cannot_be_read_nothing_is_taken_for_media() -> None:
    make(**{"d/broken.m3u8": b"\xff\xfe", "d/ok.m3u8": playlist("v/b.ts")})
    make(**{"d/a.ts": b"1", "d/v/b.ts": b"2", "c.mp4": b"3"})
    sources, notes = plan_of(".")
    assert sources == ["./c.mp4", "./d/broken.m3u8", "./d/ok.m3u8"]
    assert notes == ["skipped ./d/a.ts: it may belong to ./d/broken.m3u8, which cannot be read"]


@pytest.mark.parametrize(
    "named",
    ["#EXT-X-STREAM-INF:BANDWIDTH=1\nv/audio\n", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="v/audio"\n'],
)
def test_a_playlist_below_is_known_by_its_role_whatever_its_name(named: str) -> None:
    make(**{"d/p.m3u8": f"#EXTM3U\n{named}", "d/v/audio": playlist("a.ts"), "d/v/a.ts": b"1", "d/v/b.ts": b"2"})
    assert plan_of("d/p.m3u8", "d/v/a.ts", "d/v/b.ts")[0] == ["d/p.m3u8", "d/v/b.ts"]


@pytest.mark.parametrize("second", [None, b"\xff\xfe"], ids=["missing", "unreadable"])
def test_a_playlist_below_that_cannot_be_read_keeps_only_what_others_name(second: bytes | None) -> None:
    variant = "#EXT-X-STREAM-INF:BANDWIDTH=1\nv/1.m3u8\n"
    make(**{"d/p.m3u8": playlist("a.ts") + variant, "d/a.ts": b"1", "d/v/a.ts": b"2"})
    if second is not None:
        make(**{"d/v/1.m3u8": second})
    sources = plan_of("d/p.m3u8", "d/a.ts", "d/v/a.ts")[0]
    assert sources == ["d/p.m3u8", "d/v/a.ts"]


def test_what_a_manifest_may_not_name_is_not_kept_by_it() -> None:
    make(**{"d/p.m3u8": playlist("../c.mp4", "a.ts"), "d/a.ts": b"1", "c.mp4": b"3"})
    assert plan_of(".")[0] == ["./c.mp4", "./d/p.m3u8"]


def test_other_kinds_know_no_packages(package: None) -> None:
    assert "show/v/a.ts" in plan_of("show", packages=False)[0]


@pytest.mark.parametrize(("name", "size"), [("hls/master.m3u8", 13), ("dash/manifest.mpd", 12)])
def test_a_manifest_just_works(vodfast: Run, emulator: Emulator, name: str, size: int) -> None:
    shutil.copytree(MEDIA / name.partition("/")[0], "package")
    ran = vodfast("upload", f"package/{Path(name).name}", "--output", "jsonl")
    assert ran.code == 0
    (media,) = emulator.media()
    assert (media["state"], len(media["objects"])) == ("committed", size)
    (result,) = ran.results
    assert result["bytes"] == sum(path.stat().st_size for path in Path("package").rglob("*") if path.is_file())


def test_a_bare_name_in_capitals(vodfast: Run, emulator: Emulator) -> None:
    make(**{"P.M3U8": playlist("a.ts"), "a.ts": b"1"})
    assert vodfast("upload", "P.M3U8").code == 0
    (media,) = emulator.media()
    assert len(media["objects"]) == 2


def test_recursive_uploads_each_package_once(vodfast: Run, emulator: Emulator) -> None:
    shutil.copytree(MEDIA, "media")
    ran = vodfast("upload", "--recursive", "media", "--output", "jsonl")
    assert ran.code == 0
    assert sorted(result["source"] for result in ran.results) == [
        "media/clip.mp4",
        "media/dash/manifest.mpd",
        "media/hls/master.m3u8",
        "media/tones.m4a",
        "media/tones.mp3",
    ]
    assert emulator.meter()["media_created"] == 5


def test_a_refused_manifest_is_a_failed_item_with_a_reason(vodfast: Run, emulator: Emulator) -> None:
    make(**{"p.m3u8": playlist("../x.ts")})
    ran = vodfast("upload", "p.m3u8")
    assert ran.code == 1
    assert "'../x.ts' of 'p.m3u8' leads out of the manifest's directory" in ran.err
    assert emulator.history() == []


@pytest.mark.parametrize("top", ["self.m3u8", "one.m3u8"])
def test_a_circle_of_playlists_is_a_failed_item_and_no_silence(vodfast: Run, emulator: Emulator, top: str) -> None:
    variant = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n"
    for name, leads_to in (("self", "self"), ("one", "two"), ("two", "one")):
        Path(f"{name}.m3u8").write_text(variant.format(f"{leads_to}.m3u8"))
    ran = vodfast("upload", top)
    assert ran.code == 1
    assert "circle" in ran.err
    assert emulator.history() == []


def test_a_manifest_on_stdin_is_refused_with_advice(vodfast_process: Run, emulator: Emulator) -> None:
    ran = vodfast_process(
        "upload", "-", "--name", "p.m3u8", stdin=b"#EXTM3U\n", env={"VODFAST_EMULATOR": emulator.endpoint}
    )
    assert ran.code == 1
    assert "give its path" in ran.err


def test_a_cloud_without_packages_says_what_to_do(vodfast: Run, emulator: Emulator) -> None:
    make(**{"p.m3u8": playlist("a.ts"), "a.ts": b"1"})
    ran = vodfast("upload", "--to", "netease", "p.m3u8")
    assert ran.code == 1
    assert "upload a single file" in ran.err
    assert emulator.history() == []
