"""Adaptive packages end to end: every member once, the manifest last, all or nothing; judged by the emulator."""

from __future__ import annotations

import hashlib
import io
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import cancel_at
from tests.oracle import operations
from vodfast import (
    AsyncClient,
    Client,
    ErrorKind,
    InvalidInput,
    SourceChanged,
    TransferConfig,
    Unsupported,
    UploadItem,
    VodfastError,
)
from vodfast.config import MIB
from vodfast.events import Progress, UploadStarted

MEDIA = Path(__file__).parents[1] / "media"
HLS, DASH = MEDIA / "hls" / "master.m3u8", MEDIA / "dash" / "manifest.mpd"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "package").mkdir()
    return tmp_path / "package"


def playlist(*segments: str, tags: str = "") -> str:
    return "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + tags + "".join(f"#EXTINF:2,\n{one}\n" for one in segments)


def write(top: Path, files: dict[str, str | bytes]) -> Path:
    """Files below a directory; the first one's path."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return top / next(iter(files))


def stored(emulator: Any) -> dict[str, str]:
    """SHA-256 by path below the directory of the one committed media's manifest."""
    (media,) = [media for media in emulator.media() if media["state"] == "committed"]
    manifest = next(one["key"] for one in media["objects"] if one["key"].rpartition("/")[2].startswith("f0."))
    folder = manifest.rpartition("/")[0]
    return {one["key"].removeprefix(f"{folder}/"): one["sha256"] for one in media["objects"]}


def expected(manifest: Path, name: str) -> dict[str, str]:
    """What must be stored for a manifest whose directory holds its package and nothing else."""
    files = [path for path in manifest.parent.rglob("*") if path.is_file()]
    return {
        name if path == manifest else path.relative_to(manifest.parent).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in files
    }


def judge_nothing_left(emulator: Any) -> None:
    for media in emulator.media():
        assert (media["state"] in ("applied", "aborted"), media["open_uploads"], media["objects"]) == (True, 0, [])


@pytest.mark.parametrize(("manifest", "name"), [(HLS, "f0.m3u8"), (DASH, "f0.mpd")])
def test_every_file_of_a_package_is_stored_once(
    vodfast_emulator: Any, client: Client, manifest: Path, name: str
) -> None:
    result = client.upload(manifest, title="A package")
    wanted = expected(manifest, name)
    assert stored(vodfast_emulator) == wanted
    assert result.bytes == sum(path.stat().st_size for path in manifest.parent.rglob("*") if path.is_file())
    assert result.verified == "crc64"
    done = operations(vodfast_emulator)
    assert done.count("PutObject") == len(wanted)
    assert done.count("CommitUpload") == 1
    assert vodfast_emulator.meter()["media_created"] == 1


def test_the_manifest_is_the_last_object_and_the_parser_is_asked_first(vodfast_emulator: Any, client: Client) -> None:
    client.upload(HLS)
    history = vodfast_emulator.history()
    done = [entry["operation"] for entry in history]
    assert done[:4] == ["ParseStreamingManifest"] * 3 + ["ApplyUpload"]
    assert done[-1] == "CommitUpload"
    puts = [entry["path"] for entry in history if entry["operation"] == "PutObject"]
    assert puts[-1].endswith("/f0.m3u8")


async def test_asyncio_and_many_at_once(vodfast_emulator: Any, async_client: AsyncClient) -> None:
    items = [UploadItem(source=HLS), UploadItem(source=DASH), UploadItem(source=MEDIA / "clip.mp4")]
    results = [result async for result in async_client.upload_many(items)]
    assert {result.state for result in results} == {"done"}
    assert vodfast_emulator.meter()["media_created"] == 3


def test_progress_counts_every_byte_of_the_package(vodfast_emulator: Any, client: Client) -> None:
    events: list[Any] = []
    result = client.upload(HLS, events=events.append)
    assert [event.size for event in events if isinstance(event, UploadStarted)] == [result.bytes]
    moved = [event.done for event in events if isinstance(event, Progress)]
    assert moved == sorted(moved)
    assert moved[-1] == result.bytes
    assert {event.total for event in events if isinstance(event, Progress)} == {result.bytes}


@pytest.mark.parametrize("name", ["V.MPD", "v.Mpd"])
def test_a_dash_manifest_in_any_case(vodfast_emulator: Any, client: Client, folder: Path, name: str) -> None:
    segments = {path.name: path.read_bytes() for path in DASH.parent.glob("*.m4s")}
    manifest = write(folder, {name: DASH.read_bytes(), **segments})
    client.upload(str(manifest))
    assert stored(vodfast_emulator) == expected(manifest, "f0.mpd")


@pytest.mark.parametrize("name", ["P.M3U8", "p.M3u8", "中文 清单.m3u8", "🎬.m3u8"])
def test_any_case_and_any_name_of_a_manifest(vodfast_emulator: Any, client: Client, folder: Path, name: str) -> None:
    manifest = write(folder, {name: playlist("a.ts", "b b.ts"), "a.ts": b"a", "b b.ts": b"bb"})
    client.upload(str(manifest))
    assert stored(vodfast_emulator) == expected(manifest, "f0.m3u8")


@pytest.mark.parametrize("source", ["p.m3u8", "./p.m3u8"])
def test_a_bare_file_name_means_the_current_directory(
    vodfast_emulator: Any, client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    manifest = write(folder, {"p.m3u8": playlist("seg/a.ts"), "seg/a.ts": b"a"})
    monkeypatch.chdir(folder)
    client.upload(source)
    assert stored(vodfast_emulator) == expected(manifest, "f0.m3u8")


def test_names_on_the_wire_are_what_a_player_asks_for(vodfast_emulator: Any, client: Client, folder: Path) -> None:
    files = {
        "p.m3u8": playlist("a%20b.ts?token=1#t=2", "100%25.ts", "第1集.ts", "é/x+y&z=1.ts", "./dot.ts"),
        "a b.ts": b"1",
        "100%.ts": b"2",
        "第1集.ts": b"3",
        "é/x+y&z=1.ts": b"4",
        "dot.ts": b"5",
    }
    manifest = write(folder, files)
    client.upload(manifest)
    assert stored(vodfast_emulator) == expected(manifest, "f0.m3u8")


def test_byte_ranges_and_repeated_files_are_sent_once(vodfast_emulator: Any, client: Client, folder: Path) -> None:
    text = (
        '#EXTM3U\n#EXT-X-MAP:URI="all.mp4",BYTERANGE="10@0"\n'
        "#EXTINF:2,\n#EXT-X-BYTERANGE:10@10\nall.mp4\n#EXTINF:2,\n#EXT-X-BYTERANGE:10@20\nall.mp4\n"
    )
    manifest = write(folder, {"p.m3u8": text, "all.mp4": b"x" * 30})
    client.upload(manifest)
    assert operations(vodfast_emulator).count("PutObject") == 2
    assert stored(vodfast_emulator) == expected(manifest, "f0.m3u8")


def test_members_of_several_parts_travel_like_any_file(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], folder: Path
) -> None:
    files = {"p.m3u8": playlist("a.ts", "b.ts", "empty.vtt"), "a.ts": os.urandom(3 * MIB + 5), "b.ts": os.urandom(MIB)}
    manifest = write(folder, {**files, "empty.vtt": b""})
    with Client("tencent", config=config_for(part_size=MIB)) as client:
        client.upload(manifest, cover=b"png", cover_name="c.png")
    assert operations(vodfast_emulator).count("UploadPart") == 4
    assert {"cover.png": hashlib.sha256(b"png").hexdigest(), **expected(manifest, "f0.m3u8")} == stored(
        vodfast_emulator
    )


def test_a_package_may_have_more_files_than_a_process_may_open(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], folder: Path
) -> None:
    names = [f"{number:04}.ts" for number in range(2500)]
    manifest = write(folder, {"p.m3u8": playlist(*names), **{name: name for name in names}})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = len(os.listdir("/proc/self/fd")) + 150  # both ends of each connection are in this process
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        with Client("tencent", config=config_for()) as client:
            result = client.upload(manifest)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result.bytes == 7 * len(names) + manifest.stat().st_size
    (media,) = vodfast_emulator.media()
    assert len(media["objects"]) == 2501


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("../a.ts", "leads out"),
        ("/etc/passwd", "absolute"),
        ("http://169.254.169.254/x", "URL"),
        ("%2e%2e/a.ts", "leads out"),
        ("missing.ts", "no such file"),
        ("folder", "not a regular file"),
        ("link.ts", "through a link"),
        ("loop.ts", "circle"),
        ("pipe.ts", "not a regular file"),
    ],
)
def test_what_the_gate_refuses_is_named_and_nothing_is_sent(
    vodfast_emulator: Any, client: Client, folder: Path, entry: str, words: str
) -> None:
    outside = write(folder, {"secret.ts": b"outside"})
    manifest = write(folder / "show", {"p.m3u8": playlist("ok.ts", entry), "ok.ts": b"1", "folder/x": b""})
    (manifest.parent / "link.ts").symlink_to(outside)
    (manifest.parent / "loop.ts").symlink_to("loop.ts")
    os.mkfifo(manifest.parent / "pipe.ts")
    with pytest.raises(InvalidInput, match=words) as caught:
        client.upload(manifest)
    assert entry in str(caught.value)
    assert "p.m3u8" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert vodfast_emulator.history() == []


def test_a_link_inside_the_directory_is_followed(vodfast_emulator: Any, client: Client, folder: Path) -> None:
    manifest = write(folder / "show", {"p.m3u8": playlist("a/l.ts"), "b/real.ts": b"1"})
    (folder / "show" / "a").symlink_to("b")
    (folder / "show" / "b" / "l.ts").symlink_to("real.ts")
    (folder / "elsewhere.m3u8").symlink_to(manifest)
    client.upload(manifest)
    assert set(stored(vodfast_emulator)) == {"f0.m3u8", "a/l.ts"}
    with pytest.raises(InvalidInput, match="no such file"):
        client.upload(folder / "elsewhere.m3u8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff\xfe#\x00E\x00", "not UTF-8"),
        (b"#EXTM3U\n#EXTINF:2,\n\xe9.ts\n", "not UTF-8"),
        (b"a.ts\n", "does not begin with #EXTM3U"),
        (b"", "does not begin with #EXTM3U"),
        (b"#EXTM3U\n#EXTINF:abc,\na.ts\n", "#EXTINF:abc"),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=x\na.ts\n", "BANDWIDTH=x"),
        (b"#EXTM3U\nstray.ts\n", "stray.ts"),
        (b"#EXTM3U\n#EXTINF:2,\na\0.ts\n", "control character"),
        (b"#EXTM3U\n#EXTINF:2,\n{$base}/a.ts\n", "variable"),
        (b"#EXTM3U\n#EXTINF:2,\np.m3u8\n", "circle"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-ENDLIST\n", "nothing to play"),
    ],
)
def test_manifests_that_cannot_be_understood(
    vodfast_emulator: Any, client: Client, folder: Path, text: bytes, words: str
) -> None:
    manifest = write(folder, {"p.m3u8": text, "a.ts": b"1", "stray.ts": b"2"})
    with pytest.raises(InvalidInput, match=words.replace("$", r"\$")) as caught:
        client.upload(manifest)
    assert "p.m3u8" in str(caught.value)
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_byte_order_marks_and_line_ends(
    vodfast_emulator: Any, client: Client, folder: Path, bom: bytes, ending: str
) -> None:
    text = bom + playlist("a.ts").replace("\n", ending).encode()
    manifest = write(folder, {"p.m3u8": text, "a.ts": b"1"})
    client.upload(manifest)
    assert stored(vodfast_emulator) == expected(manifest, "f0.m3u8")


@pytest.mark.parametrize(
    "make", [io.BytesIO, lambda data: data, lambda data: iter([data])], ids=["file", "bytes", "it"]
)
def test_a_manifest_that_is_no_path_is_refused_with_advice(vodfast_emulator: Any, client: Client, make: Any) -> None:
    with pytest.raises(InvalidInput, match="give its path"):
        client.upload(make(HLS.read_bytes()), name="master.m3u8")
    with HLS.open("rb") as file, pytest.raises(InvalidInput, match="give its path"):
        client.upload(file)
    assert vodfast_emulator.history() == []


def test_a_file_object_without_a_name_is_no_manifest(vodfast_emulator: Any, client: Client) -> None:
    with open(os.open(HLS, os.O_RDONLY), "rb") as file, pytest.raises(InvalidInput, match="name"):
        client.upload(file)
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize(("cloud", "words"), [("netease", "single file")])
def test_clouds_that_take_no_packages_say_what_to_do_instead(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], cloud: str, words: str
) -> None:
    with Client(cloud, config=config_for()) as client, pytest.raises(Unsupported, match=words):
        client.upload(HLS)
    assert vodfast_emulator.history() == []


def test_a_refusal_by_the_clouds_parser_ends_the_upload_before_it_begins(vodfast_emulator: Any, client: Client) -> None:
    refusal = {
        "action": "error",
        "match": {"operation": "ParseStreamingManifest", "nth": 2},
        "code": "InvalidParameterValue.MediaManifestContent",
    }
    vodfast_emulator.set_faults([refusal])
    with pytest.raises(VodfastError, match=r"encrypted/index\.m3u8") as caught:
        client.upload(HLS)
    assert caught.value.code == "InvalidParameterValue.MediaManifestContent"
    assert operations(vodfast_emulator) == ["ParseStreamingManifest"] * 2


@pytest.mark.parametrize("which", ["a.ts", "p.m3u8", "v/b.ts"])
def test_a_file_that_changes_on_the_way_is_never_committed(
    vodfast_emulator: Any, client: Client, folder: Path, which: str
) -> None:
    manifest = write(
        folder,
        {"p.m3u8": playlist("a.ts", "v/b.ts"), "a.ts": b"1" * 1000, "v/b.ts": b"2" * 1000},
    )

    def meddle(event: Any) -> None:
        if isinstance(event, Progress) and event.done >= 2000 and (folder / which).stat().st_size < 5000:
            (folder / which).write_bytes(b"3" * 5000)

    with pytest.raises(SourceChanged, match=which):
        client.upload(manifest, events=meddle)
    assert "CommitUpload" not in operations(vodfast_emulator)
    judge_nothing_left(vodfast_emulator)


def test_a_folder_swapped_for_a_link_gains_nothing(vodfast_emulator: Any, client: Client, folder: Path) -> None:
    manifest = write(folder / "show", {"p.m3u8": playlist("a.ts", "v/b.ts"), "a.ts": b"1", "v/b.ts": b"22"})
    write(folder, {"secret/b.ts": b"ss"})

    def swap(event: Any) -> None:
        if isinstance(event, UploadStarted):
            (folder / "show" / "v").rename(folder / "gone")
            (folder / "show" / "v").symlink_to(folder / "secret")

    with pytest.raises(SourceChanged):
        client.upload(manifest, events=swap)
    judge_nothing_left(vodfast_emulator)


@pytest.mark.parametrize("nth", [1, 7, 13])
def test_a_member_that_fails_takes_everything_back(vodfast_emulator: Any, client: Client, nth: int) -> None:
    vodfast_emulator.set_faults(
        [{"action": "error", "match": {"operation": "PutObject", "nth": nth}, "code": "AccessDenied"}]
    )
    with pytest.raises(VodfastError) as caught:
        client.upload(HLS)
    assert caught.value.kind is ErrorKind.AUTH
    judge_nothing_left(vodfast_emulator)


def test_faults_on_members_are_retried_and_the_package_is_whole(vodfast_emulator: Any, client: Client) -> None:
    vodfast_emulator.set_faults(
        [
            {"action": "reset", "match": {"operation": "PutObject", "nth": 2}, "times": 2},
            {"action": "status", "code": 503, "match": {"operation": "PutObject", "nth": 6}, "times": 3},
            {"action": "drop_reply", "match": {"operation": "ParseStreamingManifest"}},
            {"action": "drop_reply", "match": {"operation": "CommitUpload"}},
        ]
    )
    client.upload(HLS)
    assert stored(vodfast_emulator) == expected(HLS, "f0.m3u8")
    assert vodfast_emulator.meter()["media_created"] == 1


@pytest.mark.parametrize(
    ("operation", "nth", "before"),
    [("ParseStreamingManifest", 2, 1), ("ApplyUpload", 1, 3), ("PutObject", 9, 12), ("PutObject", 13, 16)],
    ids=["parser", "apply", "member", "manifest"],
)
async def test_cancelling_a_package_leaves_nothing(
    vodfast_emulator: Any, async_client: AsyncClient, operation: str, nth: int, before: int
) -> None:
    await cancel_at(vodfast_emulator, async_client.upload(HLS), operation, nth, before)
    assert "CommitUpload" not in operations(vodfast_emulator)
    judge_nothing_left(vodfast_emulator)


def test_expired_credentials_bring_a_new_session_for_the_whole_package(vodfast_emulator: Any, client: Client) -> None:
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": "PutObject", "nth": 5}}])
    client.upload(HLS)
    assert operations(vodfast_emulator).count("ApplyUpload") == 2
    assert stored(vodfast_emulator) == expected(HLS, "f0.m3u8")
    assert vodfast_emulator.meter()["media_created"] == 1


def test_an_interrupted_package_goes_on_where_it_was(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig]
) -> None:
    fault = {"action": "status", "code": 503, "match": {"operation": "PutObject", "nth": 8}, "times": 0}
    vodfast_emulator.set_faults([fault])
    with Client("tencent", config=config_for(max_connections=1, start_connections=1)) as client:
        with pytest.raises(VodfastError, match="goes on from there") as caught:
            client.upload(HLS)
        assert caught.value.kind is ErrorKind.UNAVAILABLE
    stored_before = sum(
        entry["status"] == 200 for entry in vodfast_emulator.history() if entry["operation"] == "PutObject"
    )
    vodfast_emulator.set_faults([])
    with Client("tencent", config=config_for()) as client:
        assert client.upload(HLS).resumed
    assert stored(vodfast_emulator) == expected(HLS, "f0.m3u8")
    puts = [
        entry["path"]
        for entry in vodfast_emulator.history()
        if entry["operation"] == "PutObject" and entry["status"] == 200
    ]
    assert (stored_before, len(puts), len(set(puts))) == (7, 13, 13)
    assert operations(vodfast_emulator).count("ApplyUpload") == 1


def test_a_finished_package_is_not_made_again_unless_a_file_of_it_changes(
    vodfast_emulator: Any, config_for: Callable[..., TransferConfig], folder: Path
) -> None:
    manifest = write(folder, {"p.m3u8": playlist("a.ts", "b.ts"), "a.ts": b"1", "b.ts": b"2"})
    with Client("tencent", config=config_for()) as client:
        first = client.upload(manifest)
        asked = len(vodfast_emulator.history())
        again = client.upload(manifest)
        assert (again.media_id, again.reused, len(vodfast_emulator.history())) == (first.media_id, True, asked)
        (folder / "b.ts").write_bytes(b"3")
        other = client.upload(manifest)
    assert (other.media_id == first.media_id, other.reused) == (False, False)
    assert vodfast_emulator.meter()["media_created"] == 2


def test_a_member_with_the_name_the_service_gives_the_manifest(
    vodfast_emulator: Any, client: Client, folder: Path
) -> None:
    manifest = write(folder, {"p.m3u8": playlist("f0.m3u8"), "f0.m3u8": playlist("a.ts"), "a.ts": b"1"})
    with pytest.raises(InvalidInput, match=r"f0\.m3u8 has the name the service gives"):
        client.upload(manifest)
    judge_nothing_left(vodfast_emulator)


def test_a_gap_needs_no_file(vodfast_emulator: Any, client: Client, folder: Path) -> None:
    text = "#EXTM3U\n#EXTINF:2,\na.ts\n#EXT-X-GAP\n#EXTINF:2,\nlost.ts\n"
    client.upload(write(folder, {"p.m3u8": text, "a.ts": b"1"}))
    assert set(stored(vodfast_emulator)) == {"f0.m3u8", "a.ts"}


def test_a_manifest_fed_through_a_pipe_is_refused(vodfast_emulator: Any, client: Client, folder: Path) -> None:
    os.mkfifo(folder / "p.m3u8")
    with pytest.raises(InvalidInput, match="not a regular file"):
        client.upload(folder / "p.m3u8")
    assert vodfast_emulator.history() == []
