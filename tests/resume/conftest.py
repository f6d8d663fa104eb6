"""The four clouds as resume sees them, an uploader that can be killed, and the judge: the emulator's history."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FAST_RETRY, content
from vodfast import Client, TransferConfig, parse_route
from vodfast.config import MIB
from vodfast.transfer.journal import FILE

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cloud:
    """One cloud, what its calls are named in the history, and parts of the smallest size it takes."""

    name: str
    place: str | None
    apply: str
    part: str
    last: str | None
    commit: str | None
    part_size: int

    def __str__(self) -> str:
        return self.name

    @property
    def appends(self) -> bool:
        return self.part == "chunk"


CLOUDS = [
    Cloud("tencent", None, "ApplyUpload", "UploadPart", "CompleteMultipartUpload", "CommitUpload", MIB),
    Cloud("aliyun", None, "CreateUploadVideo", "UploadPart", "CompleteMultipartUpload", None, MIB),
    Cloud("volcengine", "demo", "ApplyUploadInfo", "UploadPart", "MergeParts", "CommitUploadInfo", 5 * MIB),
    Cloud("netease", None, "upload/init", "chunk", None, None, MIB),
]


@pytest.fixture(params=CLOUDS, ids=str)
def cloud(request: pytest.FixtureRequest) -> Cloud:
    return request.param


@pytest.fixture
def movie(tmp_path: Path, cloud: Cloud) -> Path:
    """Five parts and a little: enough for a single PUT nowhere."""
    path = tmp_path / "movie.mp4"
    path.write_bytes(content(5 * cloud.part_size + 4321))
    return path


@pytest.fixture
def settings(vodfast_emulator: Any) -> Callable[..., TransferConfig]:
    def make(cloud: Cloud, **fields: Any) -> TransferConfig:
        chosen = {"route": parse_route(vodfast_emulator.endpoint), "part_size": cloud.part_size, **FAST_RETRY}
        return TransferConfig(**{**chosen, **fields})

    return make


@pytest.fixture
def again(settings: Callable[..., TransferConfig]) -> Callable[..., Any]:
    """Upload in this process, with a client of its own each time."""

    def upload(cloud: Cloud, path: Path, config: TransferConfig | None = None, **fields: Any) -> Any:
        with Client(cloud.name, place=cloud.place, config=config or settings(cloud)) as client:
            return client.upload(path, **fields)

    return upload


@pytest.fixture
def killed(vodfast_emulator: Any) -> Iterator[Callable[..., None]]:
    """Upload in a process of its own and `kill -9` it once the fault plan's last rule has taken an exchange and the
    journal holds that many parts."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(cloud: Cloud, path: Path, *plan: dict[str, Any], parts: int = 0) -> None:
        vodfast_emulator.set_faults(list(plan))
        call = "import sys, json; from tests.resume.uploader import main; main(json.loads(sys.argv[1]))"
        job = {
            "cloud": cloud.name,
            "place": cloud.place,
            "part_size": cloud.part_size,
            "path": str(path),
            "endpoint": vodfast_emulator.endpoint,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", call, json.dumps(job)], env=os.environ | {"PYTHONPATH": str(PROJECT)}
        )
        processes.append(process)
        pause = threading.Event()
        while not vodfast_emulator.faults()[-1]["hits"] or journalled_parts() < parts:
            assert process.poll() is None, "the upload ended before it could be killed"
            pause.wait(0.01)
        process.kill()
        process.wait()
        vodfast_emulator.set_faults([])

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def journalled_parts() -> int:
    path = Path(os.environ["VODFAST_STATE_DIR"]) / FILE
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM parts").fetchone()[0]


@pytest.fixture
def judge(vodfast_emulator: Any) -> Callable[..., list[dict[str, Any]]]:
    """Right bytes, once: one media with exactly the file's bytes, nothing open. Gives the history."""

    def check(cloud: Cloud, path: Path, result: Any) -> list[dict[str, Any]]:
        assert result.state == "done"
        committed = [media for media in vodfast_emulator.media() if media["state"] == "committed"]
        assert [media["media_id"] for media in committed] == [result.media_id]
        (held,) = committed[0]["objects"]
        assert held["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert sum(media["open_uploads"] for media in vodfast_emulator.media()) == 0
        assert vodfast_emulator.meter()["media_created"] == 1
        return vodfast_emulator.history()

    return check


def count(history: list[dict[str, Any]], operation: str | None) -> int:
    """How often a call had its effect."""
    return sum(record["operation"] == operation and record["status"] == 200 for record in history)
