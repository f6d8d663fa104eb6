"""The same script on the vendor's `qcloud_vod` and on its stand-in: same answers, same media, no more requests."""

from __future__ import annotations

import collections
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
MEDIA = HERE.parent / "media"
MIB = 1024 * 1024
OURS = str(HERE.parents[1] / "vodfast" / "compat" / "__main__.py")

DIFFERENT = {
    "refused {'MediaFilePath': 'Wildlife.mp4', 'MediaType': 'exe'}": "refused before it is sent, so without an id",
    "refused {'MediaFilePath': 'Wildlife.mp4', 'CoverFilePath': 'Wildlife-Cover.png', 'CoverType': 'exe'}": "likewise",
}
"""Deliberate differences, by the line that shows them; the table of the migration page has them all."""


class Seen:
    """What one run of the script printed and left behind."""

    def __init__(self, emulator: Emulator, printed: str, logged: str) -> None:
        self.logged = logged
        self.lines = {line["what"]: line for line in map(json.loads, printed.splitlines())}
        self.calls = collections.Counter(entry["operation"] for entry in emulator.history())
        self.media = [media for media in emulator.media() if media["state"] == "committed"]

    def answers(self) -> dict[str, Any]:
        """What was printed, with ids and random paths levelled."""
        return {what: json.loads(levelled(json.dumps(line))) for what, line in self.lines.items()}

    def made(self) -> list[dict[str, Any]]:
        """What every media was asked to be, and what is stored of it, in the order of their making."""
        return [
            {
                # The vendor sends types as the file name has them, vodfast in lower case.
                "asked": {name: spelled(name, value) for name, value in media["asked"].items()},
                "name": media["name"],
                "objects": sorted(
                    (levelled(stored["key"]), stored["size"], stored["sha256"]) for stored in media["objects"]
                ),
            }
            for media in self.media
        ]


def spelled(name: str, value: Any) -> Any:
    return value.lower() if name in ("MediaType", "CoverType") else value


def levelled(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}[0-9]{19}|\b[0-9]{19}\b", "*", text)


@pytest.fixture
def folder(tmp_path: Path, sample: Callable[[str, int], Path]) -> Path:
    """The files the script names."""
    for name, size in (
        ("Wildlife.mp4", 300_000),
        ("Wildlife-Cover.png", 9_000),
        ("large.mp4", 5 * MIB + 17),
        ("名前 x.b.MP4", 20_000),
        ("bare", 10),
    ):
        sample(name, size)
    for kind in ("hls", "dash"):
        shutil.copytree(MEDIA / kind, tmp_path / kind)
    shutil.copy(tmp_path / "hls" / "master.m3u8", tmp_path / "hls" / "playlist.txt")
    (tmp_path / "hls" / "broken.m3u8").write_text("#EXTM3U\n#EXTINF:4,\nnowhere.ts\n#EXT-X-ENDLIST\n")
    return tmp_path


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path) -> Callable[..., Seen]:
    """Runs a script as python does: on the vendor's package or, with `ours`, on the stand-in."""
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in emulator.env.items() if name != "VODFAST_EMULATOR"}
    env |= {"REQUESTS_CA_BUNDLE": str(emulator.ca), "HOME": str(home), "PATH": os.environ["PATH"]}
    env |= {"PYTHONPATH": str(HERE.parents[1])}

    trusting = [str(HERE / "clients" / "trusting.py"), str(emulator.ca), str(home)]

    def start(
        ours: bool, script: str, *arguments: object, faults: Sequence[dict[str, Any]] = (), code: int = 0
    ) -> Seen:
        emulator.reset()
        emulator.set_faults(list(faults))
        how = [*trusting, OURS] if ours else trusting
        command = [sys.executable, "-W", "ignore", *how, str(SCRIPTS / script), *map(str, arguments)]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == code, done.stderr
        return Seen(emulator, done.stdout, done.stderr)

    return start


def test_every_sample_of_the_page(run: Callable[..., Seen], folder: Path, keys: list[str], caller: list[str]) -> None:
    theirs, ours = (run(ours, "tencent_page.py", folder, *keys, *caller) for ours in (False, True))
    assert len(theirs.lines) > 40
    for what, line in theirs.answers().items():
        if what in DIFFERENT:
            assert ours.answers()[what] == line | {"identified": [False, False], "text": ours.lines[what]["text"]}
        else:
            assert ours.answers()[what] == line, what
    assert ours.made() == theirs.made()
    assert len(ours.media) == 13
    for operation in ("ApplyUpload", "CommitUpload"):
        assert ours.calls[operation] <= theirs.calls[operation]
    assert sum(ours.calls.values()) < sum(theirs.calls.values())


def test_beside_the_packages_it_is_made_of(run: Callable[..., Seen], folder: Path, keys: list[str]) -> None:
    refuse = {"action": "error", "match": {"operation": "PutObject"}, "code": "AccessDenied", "message": "not you"}
    theirs, ours = (run(ours, "tencent_together.py", *keys, faults=[refuse]) for ours in (False, True))
    assert len(theirs.lines) == 15
    for what, line in theirs.answers().items():
        assert ours.answers()[what] == line, what
    assert len(ours.media) == len(theirs.media) == 9
    assert sum(ours.calls.values()) < sum(theirs.calls.values())


def by_name(made: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(media, sort_keys=True) for media in made)


def test_a_service_with_threads_and_processes(run: Callable[..., Seen], folder: Path, keys: list[str]) -> None:
    theirs, ours = (run(ours, "tencent_service.py", *keys, code=3) for ours in (False, True))
    assert len(theirs.lines) == 12
    assert ours.lines == theirs.lines
    assert by_name(ours.made()) == by_name(theirs.made())
    assert len(ours.media) == 29
    assert ours.calls["ApplyUpload"] == theirs.calls["ApplyUpload"]
    assert ours.calls["CommitUpload"] == theirs.calls["CommitUpload"]
    assert sum(ours.calls.values()) < sum(theirs.calls.values())


def test_what_scripts_seldom_do(run: Callable[..., Seen], folder: Path, keys: list[str]) -> None:
    theirs, ours = (run(ours, "tencent_seldom.py", *keys) for ours in (False, True))
    assert len(theirs.lines) > 50
    for what, line in theirs.answers().items():
        assert ours.answers()[what] == line, what
    assert ours.made() == theirs.made()
    assert all(ours.calls[operation] <= theirs.calls[operation] for operation in ("ApplyUpload", "CommitUpload"))
    assert sum(ours.calls.values()) < sum(theirs.calls.values())


ODD = """\
two words.mp4
a+b&c=d?.mp4
100%25.mov
emoji \U0001f600.mp4
e\u0301.mp4
it's "x".mp4
dot..mp4
x.tar.mp4
deep/er/名前.mp4
no-extension
.mp4
LOUD.MP4
~.flv
-v.mp4
#1;2.mp4
""".splitlines()


def test_a_folder_of_odd_names(
    run: Callable[..., Seen], sample: Callable[[str, int], Path], tmp_path: Path, keys: list[str]
) -> None:
    (tmp_path / "library" / "deep" / "er").mkdir(parents=True)
    for number, name in enumerate(ODD):
        sample(f"library/{name}", 1000 + number)
    theirs, ours = (run(ours, "tencent_library.py", tmp_path / "library", *keys) for ours in (False, True))
    assert len(theirs.lines) == len(ODD) + 4
    assert ours.lines == theirs.lines
    assert ours.made() == theirs.made()
    assert len(ours.media) == len(ODD)
    assert ours.calls == theirs.calls
    for what in ("vod upload req = {", "vod upload CommitUpload rsp = {"):
        told = [
            [line.partition(what)[0] for line in seen.logged.splitlines() if what in line] for seen in (theirs, ours)
        ]
        assert told[0] == told[1] != []


DIGEST = ["code", "message", "resource", "requestid", "traceid"]


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        (
            {"action": "error", "match": {"operation": "PutObject"}, "code": "AccessDenied", "message": "not you"},
            ["store", 403, "AccessDenied", "not you", True, "f0.mp4", True, DIGEST, True],
        ),
        ({"action": "reset", "match": {"operation": "PutObject"}}, ["store, unheard"]),
        (
            {"action": "error", "match": {"operation": "ApplyUpload"}, "code": "FailedOperation"},
            ["api", "FailedOperation", True, 3],
        ),
        (
            {"action": "status", "match": {"operation": "CommitUpload"}, "code": 500},
            ["api", "ServerNetworkError", False, 2],
        ),
        ({"action": "reset", "match": {"operation": "ApplyUpload"}}, ["api", "ClientNetworkError", False, 2]),
    ],
    ids=["store refuses", "store unheard", "api refuses", "api in trouble", "api unheard"],
)
def test_what_a_script_can_catch(
    run: Callable[..., Seen],
    sample: Callable[[str, int], Path],
    keys: list[str],
    fault: dict[str, Any],
    facts: list[Any],
) -> None:
    path = sample("clip.mp4", 1000)
    for ours in (False, True):
        seen = run(ours, "tencent_refused.py", path, *keys, faults=[{**fault, "times": 0}])
        assert seen.lines["refused"]["facts"] == facts, ours
        assert seen.media == []
