"""Whole scripts on `vcloud`, run unchanged."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.compat.vcloud.uploads import (
    BLOCK,
    BODY,
    KEY,
    SECRET,
)
from tests.conftest import content
from tests.oracle import operations, the_media
from vodfast.compat import vcloud

SCRIPTS = Path(__file__).parents[1] / "scripts"


def test_a_killed_script_goes_on_where_it_was(
    client: vcloud.Client, vodfast_emulator: Any, media_file: Callable[..., Path], records: Path, tmp_path: Path
) -> None:
    path, script = media_file(3 * BLOCK + 1), tmp_path / "killed.py"
    script.write_text(
        "import os, signal, sys\n"
        "from vcloud import Client, config\n"
        "config.TMP_FILE = sys.argv[3]\n"
        "stop = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Client(sys.argv[1], sys.argv[2]).upload_file({'originFileName': 'a.mp4'}, sys.argv[4], stop)\n"
    )
    delay = {"match": {"operation": "chunk", "part_number": 2}, "action": "delay", "seconds": 0.5}
    vodfast_emulator.set_faults([delay])
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", str(script), KEY, SECRET, str(records), str(path)],
        timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert ran.returncode == -9
    assert client.upload_file(BODY, str(path)) is not None
    assert operations(vodfast_emulator).count("upload/init") == 1
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_script_with_every_call_of_the_page_runs_unchanged(
    vodfast_emulator: Any, media_file: Callable[..., Path], tmp_path: Path
) -> None:
    video, picture = media_file(10485777), media_file(1000, "logo.png")
    script = SCRIPTS / "netease_calls.py"
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", str(script), KEY, SECRET,
         str(tmp_path / "r"), str(video), str(picture)],
        capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path),
             "VODFAST_EMULATOR": vodfast_emulator.endpoint, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    said = dict(json.loads(line) for line in ran.stdout.splitlines())
    first, second = [item for item in vodfast_emulator.media() if item["state"] == "committed"]
    names = [item["objects"][0]["key"] for item in (first, second)]
    assert first["name"] == "美景"
    assert first["objects"][0]["sha256"] == hashlib.sha256(content(10485777)).hexdigest()
    assert said["upload_file"] == {"imgId": None, "objectName": names[0], "vid": int(first["media_id"])}
    assert said["upload_file of a picture"] == {"imgId": int(second["media_id"]), "objectName": names[1], "vid": None}
    assert said["progress"] == "[(4194304, 10485777), (8388608, 10485777), (10485777, 10485777)]"
    assert said["query_id"] == said["upload_file"]
    assert said["query_id of a batch"] == said["upload_file of a picture"]
    assert said["set_callback"] == "设置成功"
    assert said["set_callback refused"] == {"bytes": "callbackUrl is not an http address."}
    assert said["query_id refused"] == {"bytes": "objectNames is not a list of names."}
    assert said["upload_init"] == "['bucket', 'objectName', 'xNosToken']"
    assert said["get_upload_host"] == "['upload_host', 'upload_host_backup']"
    assert said["wrong secret"] == {"bytes": "The CheckSum is wrong."}
    original = {"upload/init": 3, "lbs": 3, "chunk": 4, "video/query": 6, "upload/setcallback": 2}
    ours = {name: operations(vodfast_emulator).count(name) for name in original}
    assert {name: count for name, count in ours.items() if count > original[name]} == {}
    assert sum(ours.values()) == len(operations(vodfast_emulator)) < sum(original.values())


def test_a_service_with_threads_and_processes(
    vodfast_emulator: Any, media_file: Callable[..., Path], tmp_path: Path
) -> None:
    files = [media_file(1000, "one.mp4"), media_file(2000, "名 2.png"), media_file(2 * BLOCK + 1, "large.mp4")]
    script = SCRIPTS / "netease_service.py"
    ran = subprocess.run(
        [sys.executable, "-m", "vodfast.compat", str(script), KEY, SECRET, str(tmp_path / "r"), *map(str, files)],
        capture_output=True, text=True, timeout=100, check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path),
             "VODFAST_EMULATOR": vodfast_emulator.endpoint, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [
        ["threads", 6, True],
        ["the same file again", 2, True],
        *([method, 3, True] for method in multiprocessing.get_all_start_methods()),
        ["enough", 1],
        ["goes on", 1, True],
        ["left", []],
    ]
    made = 6 + 2 + 3 * len(multiprocessing.get_all_start_methods()) + 1
    assert [item["state"] for item in vodfast_emulator.media()] == ["committed"] * made
    assert operations(vodfast_emulator).count("upload/init") == made
