"""Under a locale that knows ASCII only, as services and cron jobs have it, names and texts are UTF-8 all the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator

ASCII_ONLY = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A C locale, and Python told to take it at its word."""
SEGMENTS = {"片段é.ts": b"1", "下/二.ts": b"2"}
HLS = "#EXTM3U\n#EXTINF:2,\n片段é.ts\n#EXTINF:2,\n%E4%B8%8B/%E4%BA%8C.ts\n#EXT-X-ENDLIST\n"
DASH = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">
<Period><AdaptationSet><Representation id="1"><SegmentList>
<SegmentURL media="片段é.ts"/><SegmentURL media="下/二.ts"/>
</SegmentList></Representation></AdaptationSet></Period>
</MPD>
"""


@pytest.fixture
def folder(own_world: None) -> Path:
    folder = Path("节目").absolute()
    for name, content in SEGMENTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "第一集.m3u8").write_bytes(HLS.encode())
    (folder / "第一集.mpd").write_bytes(DASH.encode())
    (folder / "片.mp4").write_bytes(b"3")
    return folder


def digests(emulator: Emulator) -> list[str]:
    return sorted(entry["sha256"] for item in emulator.media() for entry in item["objects"])


@pytest.mark.parametrize(
    ("to", "manifest"),
    [
        ("tencent", "第一集.m3u8"),
        ("tencent", "第一集.mpd"),
        ("aliyun", "第一集.m3u8"),
        ("volcengine:demo", "第一集.m3u8"),
    ],
)
def test_a_manifest_and_its_members_are_read_as_utf_8(
    vodfast_process: Callable[..., Any], emulator: Emulator, folder: Path, to: str, manifest: str
) -> None:
    env = ASCII_ONLY | {"VODFAST_EMULATOR": emulator.endpoint}
    arguments = ("upload", folder / manifest, "--to", to, "--title", "标题", "--output", "jsonl")
    ran = vodfast_process(*arguments, env=env)
    assert ran.code == 0, ran
    assert ran.results[0]["state"] == "done"
    wanted = [*SEGMENTS.values(), (folder / manifest).read_bytes()]
    assert digests(emulator) == sorted(hashlib.sha256(content).hexdigest() for content in wanted)
    stored = [entry["key"] for item in emulator.media() for entry in item["objects"]]
    assert all(any(key.endswith(name) for key in stored) for name in SEGMENTS), stored
    assert "标题" in str([item["asked"] for item in emulator.media()]) or "volcengine" in to
    again = vodfast_process(*arguments, env=env)
    assert (again.code, again.results[0]["reused"]) == (0, True), again


def test_a_directory_is_searched_and_its_files_go_by_their_names(
    vodfast_process: Callable[..., Any], emulator: Emulator, folder: Path
) -> None:
    env = ASCII_ONLY | {"VODFAST_EMULATOR": emulator.endpoint}
    ran = vodfast_process("upload", "--recursive", folder, "--to", "netease", "--output", "jsonl", env=env)
    assert [result["state"] for result in ran.results] == ["done"], ran
    ran = vodfast_process("upload", "--recursive", folder, "--to", "tencent", "--output", "jsonl", env=env)
    assert [result["state"] for result in ran.results] == ["done"] * 3, ran
    names = [item["name"] for item in emulator.media()]
    assert sorted(names) == sorted(["片.mp4", "片", "第一集", "第一集"]), names
