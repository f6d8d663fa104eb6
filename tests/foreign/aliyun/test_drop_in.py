"""The same scripts on Alibaba's packages and on their stand-ins: same answers, same media, no more requests."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.aliyun.conftest import place_of
from vodfast.emulator import Emulator

HERE = Path(__file__).parents[1]
MIB = 1024 * 1024
OURS = ["-m", "vodfast.compat"]


class Seen:
    """What one run of a script said and left behind."""

    def __init__(self, emulator: Emulator, said: str) -> None:
        self.said = said
        history = emulator.history()
        self.calls = collections.Counter(entry["operation"] for entry in history)
        self.media = emulator.media()

    @property
    def lines(self) -> dict[str, Any]:
        """What was said, where it is JSON line by line."""
        return {line["what"]: line for line in map(json.loads, self.said.splitlines())}

    def answers(self) -> dict[str, Any]:
        """What was said, with ids, times and temporary keys levelled."""
        return {what: json.loads(levelled(json.dumps(line))) for what, line in self.lines.items()}

    def made(self) -> list[dict[str, Any]]:
        """What every media was asked to be, and what is stored of it, in the order of their making."""
        return [
            {
                "asked": {
                    name: levelled(spelled(name, str(value)))
                    for name, value in media["asked"].items()
                    if name != "FileSize"
                },
                "name": re.sub(r"\b[0-9a-f]{16}\b", "*", media["name"]),
                "state": media["state"],
                "objects": sorted((levelled(item["key"]), item["size"], item["sha256"]) for item in media["objects"]),
            }
            for media in self.media
        ]


def spelled(name: str, value: str) -> str:
    """The vendor's client sends the whole local path of a file, and those of its own temporary ones."""
    value = os.path.basename(value) if name == "FileName" else value
    return re.sub(r"^[0-9a-f]{32}(?=\.)", "small", value)


def levelled(text: str) -> str:
    text = re.sub(r"\b[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b[0-9a-f]{32}\b", "*", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{8}/[0-9a-f]{16}|[0-9a-f]{8}-[0-9a-f]{8}(?=/)", "*", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"vodfast-emulator-tmp-[a-z]*-?[-+/0-9a-f=]*", "KEY", text)
    return re.sub(r'"(eyJ[A-Za-z0-9+/=]+)"', '"BASE64"', text)


Run = Callable[..., Seen]


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path) -> Run:
    """Runs a script as python does: on the vendor's packages or, with `OURS`, on the stand-ins."""
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in emulator.env.items() if not name.startswith(("VODFAST", "ALI"))}
    env |= {"HOME": str(home), "PATH": os.environ["PATH"], "REQUESTS_CA_BUNDLE": str(emulator.ca)}
    env |= {"ALIBABA_CLOUD_CA_BUNDLE": str(emulator.ca)}
    env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def start(how: list[str], script: str, *arguments: str, code: int = 0) -> Seen:
        theirs = [str(HERE / "clients" / "trusting.py"), str(emulator.ca), str(home)]
        command = [sys.executable, "-W", "ignore", *(how or theirs), str(HERE / "scripts" / script), *arguments]
        done = subprocess.run(command, env=env, capture_output=True, timeout=100, check=False)
        assert done.returncode == code, done.stderr.decode()
        answers = tmp_path / "answers"
        # The vendor's upload SDK prints from several threads at once, and breaks characters in two.
        said = answers.read_text() if answers.exists() else done.stdout.decode()
        answers.unlink(missing_ok=True)
        return Seen(emulator, said)

    return start


def compared(theirs: Seen, ours: Seen, different: dict[str, str]) -> None:
    assert list(ours.lines) == list(theirs.lines)
    for what, line in theirs.answers().items():
        if what not in different:
            assert ours.answers()[what] == line, what
    for operation, count in ours.calls.items():
        assert count <= theirs.calls[operation], operation


def test_every_sample_of_the_page(
    run: Run, emulator: Emulator, foreign: Any, keys: list[str], caller: list[str]
) -> None:
    def once(how: list[str]) -> Seen:
        emulator.reset()
        request = {"Title": "stored", "FileName": "s.mp4"}
        place = place_of(foreign("aliyun_api").ask("action", name="CreateUploadVideo", keys=keys, request=request))
        store = foreign("oss2_store")
        where = {"endpoint": place.endpoint, "bucket": place.bucket, "region": "cn-shanghai"}
        store.ask("open", keys=place.keys, version="v1", **where)
        store.ask("put", key=f"{place.prefix}other.mp4", body={"text": "bytes"})
        url = f"{place.bucket}.oss-cn-shanghai.aliyuncs.com/{place.prefix}other.mp4"
        return run(how, "aliyun_page.py", *keys, *caller, url)

    theirs, ours = once([]), once(OURS)
    assert len(theirs.lines) == 27
    compared(theirs, ours, {})
    assert ours.made() == theirs.made()
    assert len(ours.media) == 10


@pytest.fixture
def downloads() -> None:
    """The folder that voduploadsdk 1.0.2 fetches web files to and, for anything but a playlist, forgets to make."""
    Path(sysconfig.get_path("purelib"), "dlfiles").mkdir(exist_ok=True)


@pytest.fixture
def folder(tmp_path: Path, sample: Callable[[str, int], Path]) -> Path:
    """The files the script names."""
    for name in ("list", "elsewhere"):
        (tmp_path / name).mkdir()
    sizes = {
        "small.mp4": 300_000, "large.mp4": 25 * MIB + 123, "a.b.MP4": 2000, "middle.mp4": 3 * MIB + 5,
        "cover.PNG": 20_000, "words.srt": 500, "a.exe": 10, "bare": 10, "elsewhere/one.ts": 3000,
        **{f"list/seg-{number}.ts": 70_000 + number for number in range(3)},
    }  # fmt: skip
    for name, size in sizes.items():
        sample(name, size)
    lines = ["#EXTM3U", *(f"#EXTINF:2.0,\nseg-{number}.ts" for number in range(3)), "#EXT-X-ENDLIST"]
    (tmp_path / "list" / "index.m3u8").write_text("\n".join(lines) + "\n")
    spread = ["#EXTM3U", "#EXTINF:2.0,", "http://h/x/one.ts?sign=2", "#EXTINF:2.0,", "list/seg-1.ts", "#EXT-X-ENDLIST"]
    (tmp_path / "spread.m3u8").write_text("\n".join(spread) + "\n")
    return tmp_path


@pytest.fixture
def web(folder: Path) -> Iterator[str]:
    """That folder as a web server of this machine."""
    import functools
    import http.server
    import threading

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


DIFFERENT = {
    "no such file": "found out before an upload is opened, and nothing is left behind",
}
"""Deliberate differences, by the line that shows them; the table of the migration page has them all."""


@pytest.mark.usefixtures("downloads")
def test_every_upload(run: Run, emulator: Emulator, folder: Path, web: str, keys: list[str]) -> None:
    arguments = ("aliyun_uploads.py", str(folder), *keys, web, str(folder / "answers"))
    theirs = run([], *arguments)
    emulator.reset()
    ours = run(OURS, *arguments)
    compared(theirs, ours, DIFFERENT)
    assert ours.made() == [media for media in theirs.made() if media["objects"]]
    assert len(ours.media) == 10
    assert "ReportUploadProgress" not in ours.calls


def test_playlists(run: Run, emulator: Emulator, folder: Path, keys: list[str]) -> None:
    arguments = ("aliyun_playlists.py", str(folder), *keys, str(folder / "answers"))
    theirs = run([], *arguments)
    emulator.reset()
    ours = run(OURS, *arguments)
    assert len(theirs.lines) == 4
    compared(theirs, ours, {})
    assert ours.made() == theirs.made()
    assert [len(media["objects"]) for media in ours.media] == [4, 3]


def told(seen: Seen) -> list[str]:
    """What was said, line by line, ids and temporary keys levelled."""
    return re.sub(r"(?<=RequestID: )[0-9A-F-]{36}|outin-[0-9a-f]{16}", "*", levelled(seen.said)).splitlines()


def in_order(seen: Seen) -> list[str]:
    """What was made, in an order that does not depend on which thread was first."""
    return sorted(json.dumps(one, sort_keys=True) for one in seen.made())


def test_what_api_scripts_do_all_day(run: Run, emulator: Emulator, keys: list[str]) -> None:
    theirs = run([], "aliyun_everyday.py", *keys)
    emulator.reset()
    ours = run(OURS, "aliyun_everyday.py", *keys)
    assert theirs.said.count("## ") == 43
    assert told(ours) == told(theirs)
    assert in_order(ours) == in_order(theirs)
    assert not ours.calls - theirs.calls


def test_what_upload_scripts_do_all_day(
    run: Run, emulator: Emulator, sample: Callable[[str, int], Path], tmp_path: Path, keys: list[str]
) -> None:
    (tmp_path / "hls").mkdir()
    for name, size in (("big.mp4", 5_500_000), ("clip 1 影.mp4", 3000), ("bare", 3000), ("photo.JPG", 3000),
                       ("words.srt", 30), ("hls/0.ts", 2000), ("hls/1.ts", 2000)):  # fmt: skip
        sample(name, size)
    (tmp_path / "hls" / "i.m3u8").write_text("#EXTM3U\n#EXTINF:1,\n0.ts\n#EXTINF:1,\n1.ts\n#EXT-X-ENDLIST\n")
    arguments = ("aliyun_uploads_everyday.py", *keys, str(tmp_path), str(tmp_path / "answers"))
    theirs = run([], *arguments)
    emulator.reset()
    ours = run(OURS, *arguments)
    assert theirs.said.count("## ") == 23
    assert told(ours) == told(theirs)
    assert in_order(ours) == in_order(theirs)
    assert not ours.calls - theirs.calls


def test_what_a_few_scripts_do(
    run: Run, emulator: Emulator, sample: Callable[[str, int], Path], tmp_path: Path, keys: list[str],
    caller: list[str],
) -> None:  # fmt: skip
    (tmp_path / "hls").mkdir()
    for name in ("clip.mp4", "photo.PNG", "words.srt", "hls/0.ts", "hls/1.ts"):
        sample(name, 2000)
    for name, segments in (("i", ["0.ts"]), ("j", ["0.ts", "gone.ts"])):
        lines = ["#EXTM3U", *(f"#EXTINF:1,\n{segment}" for segment in segments), "#EXT-X-ENDLIST"]
        (tmp_path / "hls" / f"{name}.m3u8").write_text("\n".join(lines) + "\n")
    arguments = ("aliyun_seldom.py", *keys, *caller, str(tmp_path), str(tmp_path / "answers"))
    theirs = run([], *arguments, code=7)
    emulator.reset()
    ours = run(OURS, *arguments, code=7)
    assert theirs.said.count("## ") == 35
    assert told(ours) == told(theirs)
    whole = [one for one in in_order(theirs) if "gone" not in one]  # the vendor's is opened before the file is missed
    assert in_order(ours) == whole
    assert not ours.calls - theirs.calls


def test_what_scripts_do_in_another_way_than_the_samples(
    run: Run, emulator: Emulator, sample: Callable[[str, int], Path], tmp_path: Path, keys: list[str]
) -> None:
    (tmp_path / "hls").mkdir()
    for name in ("small.mp4", "bare", "photo.png", "words.srt", "x.ts", "hls/0.ts"):
        sample(name, 2000)
    for name, segment in (("i", "0.ts"), ("w", "http://h/a/x.ts?sign=1")):
        (tmp_path / "hls" / f"{name}.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{segment}\n#EXT-X-ENDLIST\n")
    arguments = ("aliyun_corners.py", *keys, str(tmp_path), str(tmp_path / "answers"))

    def hosts() -> list[tuple[str, str]]:
        calls = [entry for entry in emulator.history() if entry["operation"] != "ReportUploadProgress"]
        return [(entry["operation"], entry["host"].removeprefix(entry["host"].partition(".oss")[0])) for entry in calls]

    theirs, their_hosts = run([], *arguments), hosts()
    emulator.reset()
    ours = run(OURS, *arguments)
    assert theirs.said.count("## ") == 60
    assert told(ours) == told(theirs)
    assert ours.made() == theirs.made()
    assert hosts() == their_hosts
    assert not ours.calls - theirs.calls
