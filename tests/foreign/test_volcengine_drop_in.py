"""The same script on the vendor's `volcengine` and on its stand-in: same answers, same media, no more requests."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from vodfast.emulator import Emulator

SCRIPTS = Path(__file__).parent / "scripts"
HLS = Path(__file__).parents[1] / "media" / "hls"
MIB = 1024 * 1024
OURS = ["-m", "vodfast.compat"]


class Seen:
    """What one run of a script printed and left behind."""

    def __init__(self, emulator: Emulator, printed: str) -> None:
        self.printed = printed
        self.calls = collections.Counter(entry["operation"] for entry in emulator.history())
        self.media = [media for media in emulator.media() if media["state"] == "committed"]
        self.stored = objects_of(emulator.media())
        self.asked = [
            (entry["operation"], {name: value for name, (value,) in parse_qs(urlsplit(entry["path"]).query).items()})
            for entry in emulator.history()
            if entry["status"] == 200 and entry["operation"] in ("ApplyUploadInfo", "CommitUploadInfo")
        ]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was printed, where it is JSON line by line."""
        return [json.loads(line) for line in self.printed.splitlines()]

    def objects(self) -> list[tuple[str, int, str]]:
        """Those of everything committed."""
        return objects_of(self.media)

    def metadata(self) -> list[tuple[str, dict[str, Any]]]:
        """What was asked for each media: the fields that say something, in one spelling."""
        return [(operation, {name: spelled(name, value) for name, value in fields.items() if name not in HOW})
                for operation, fields in self.asked]  # fmt: skip


def objects_of(media: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """Key, size and digest of all that is stored, random names levelled."""
    found = [one for item in media for one in item["objects"]]
    return sorted((levelled(one["key"].partition("/")[2]), one["size"], one["sha256"]) for one in found)


HOW = ("NeedFallback", "Action", "Version", "FileType", "FileExtension")
"""Fields that do not describe the media, or that the vendor leaves out where it means the default."""


def spelled(name: str, value: str) -> Any:
    return float(value) if name == "FileSize" else json.loads(value) if name == "Functions" else value


def levelled(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{28,32}\b|\b[vm]02[0-9a-f]{28}\b", "*", text)


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path) -> Callable[..., Seen]:
    """Runs a script as python does, on the vendor's package or, with `OURS`, on the stand-in."""
    env = {name: value for name, value in emulator.env.items() if name != "VODFAST_EMULATOR"}
    bundle = {"REQUESTS_CA_BUNDLE": str(emulator.ca), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def start(how: list[str], script: str, *arguments: str, faults: Sequence[dict[str, Any]] = ()) -> Seen:
        emulator.reset()
        emulator.set_faults(list(faults))
        command = [sys.executable, "-W", "ignore", *how, str(SCRIPTS / script), *arguments]
        done = subprocess.run(command, env=env | bundle, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        return Seen(emulator, done.stdout)

    return start


def test_every_sample_of_the_page(run: Callable[..., Seen], sample: Callable[[str, int], Path], tmp_path: Path) -> None:
    for name, size in (("clip.mp4", 300_000), ("big.mp4", 45 * MIB), ("photo.jpg", 9000), ("words.vtt", 500)):
        sample(name, size)
    (tmp_path / "clip").write_bytes(b"no suffix")
    theirs = run([], "volcengine_page.py", "demo", str(tmp_path))
    ours = run(OURS, "volcengine_page.py", "demo", str(tmp_path))
    assert len(theirs.lines) == 14
    assert [levelled(json.dumps(line, ensure_ascii=False)) for line in ours.lines] == [
        levelled(json.dumps(line, ensure_ascii=False)) for line in theirs.lines
    ]
    assert ours.objects() == theirs.objects()
    assert len(ours.media) == len(theirs.media) == 6
    assert ours.metadata() == theirs.metadata()
    assert ours.calls["ApplyUploadInfo"] == theirs.calls["ApplyUploadInfo"] - 1, "what cannot succeed is not sent"
    assert ours.calls + collections.Counter(ApplyUploadInfo=1) == theirs.calls


def test_what_scripts_do_all_day(run: Callable[..., Seen], sample: Callable[[str, int], Path], tmp_path: Path) -> None:
    """Every answer prints the same, and every failure says the same."""
    for name, size in (("clip.mp4", 300_000), ("photo.jpg", 9000), ("words.vtt", 500), ("第 2 讲 (最终).mp4", 7000)):
        sample(name, size)
    theirs = run([], "volcengine_everyday.py", "demo", str(tmp_path))
    ours = run(OURS, "volcengine_everyday.py", "demo", str(tmp_path))
    assert theirs.printed.count("## ") == 31
    assert told(ours.printed) == told(theirs.printed)
    assert ours.objects() == theirs.objects()
    assert len(ours.media) == 15
    assert not ours.calls - theirs.calls


def test_what_is_no_upload_is_the_vendors_own(
    run: Callable[..., Seen], sample: Callable[[str, int], Path], tmp_path: Path
) -> None:
    path = sample("clip.mp4", 3000)
    theirs = run([], "volcengine_library.py", "demo", str(path))
    ours = run(OURS, "volcengine_library.py", "demo", str(path))
    assert theirs.printed.count("## ") == 13
    assert told(ours.printed) == told(theirs.printed)
    assert ours.objects() == theirs.objects()
    assert ours.calls == theirs.calls


def told(printed: str) -> list[str]:
    text = re.sub(r'Auth: "[^"]*"', "Auth", levelled(printed))
    text = re.sub(r'(RequestId"?: )"[0-9A-F]*"', r"\1", re.sub(r'"[0-9A-Z]{17,}[0-9A-F]+"', '"ID"', text))
    return re.sub(r'"eyJ[^"]*"|"tos-cn-v[^"]*"|\d{4}-\d\d-\d\dT\S*', "*", text).splitlines()


def test_a_playlist(run: Callable[..., Seen]) -> None:
    arguments = ("volcengine_playlist.py", "demo", str(HLS / "master.m3u8"), "show/master.m3u8")
    theirs, ours = run([], *arguments), run(OURS, *arguments)
    files = [path for path in HLS.rglob("*") if path.is_file()]
    assert ours.stored == theirs.stored
    assert {key for key, _, _ in ours.stored} == {f"show/{path.relative_to(HLS)}" for path in files}
    assert [key for key, _, _ in ours.objects()] == [key for key, _, _ in theirs.objects()] == ["show/master.m3u8"]
    assert [media["media_id"] for media in ours.media] == [ours.printed.strip()]
    assert ours.calls == theirs.calls
    assert sorted(map(str, ours.metadata())) == sorted(map(str, theirs.metadata()))


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        ({"action": "reset"}, ["unreached", True, 1]),
        ({"action": "error", "code": "AccessDenied", "status": 403}, ["refused", ["AccessDenied"]]),
        ({"action": "error", "code": "InternalError"}, ["refused", ["InternalError"]]),
    ],
    ids=["unreached", "refused", "in trouble"],
)
def test_what_a_script_can_catch(
    run: Callable[..., Seen], sample: Callable[[str, int], Path], fault: dict[str, Any], facts: list[Any]
) -> None:
    path = str(sample("clip.mp4", 1000))
    faults = [
        {**fault, "match": {"operation": operation}, "times": 0}
        for operation in ("ApplyUploadInfo", "QueryUploadTaskInfo")
    ]
    for how in ([], OURS):
        seen = run(how, "volcengine_refused.py", "demo", path, faults=faults)
        assert seen.lines == [{"what": "upload", "facts": facts}, {"what": "query", "facts": facts}], how
