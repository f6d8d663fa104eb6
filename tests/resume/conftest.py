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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FAST_RETRY, content
from vodfast import Client, TransferConfig, VodfastError, parse_route
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


class Upload:
    """One file on its way into one cloud: what can happen to it, and how what comes of it is judged. The file is five
    parts and a little: enough for a single PUT nowhere.
    """

    def __init__(self, cloud: Cloud, emulator: Any, path: Path) -> None:
        self.cloud = cloud
        self.emulator = emulator
        self.path = path
        self.processes: list[subprocess.Popen[bytes]] = []

    def settings(self, **fields: Any) -> TransferConfig:
        route, part_size = parse_route(self.emulator.endpoint), self.cloud.part_size
        return TransferConfig(**{"route": route, "part_size": part_size, **FAST_RETRY, **fields})

    def run(self, config: TransferConfig | None = None, **fields: Any) -> Any:
        """Upload in this process, with a client of its own each time."""
        with Client(self.cloud.name, place=self.cloud.place, config=config or self.settings()) as client:
            return client.upload(self.path, **fields)

    def broken_off(self) -> None:
        """The service's trouble ends it after some parts, at the only address there is."""
        self.emulator.settings(volcengine_candidates="none")
        match = {"operation": self.cloud.part, "nth": 4}
        self.emulator.set_faults([{"action": "status", "code": 503, "times": 0, "match": match}])
        with pytest.raises(VodfastError, match="goes on from there"):
            self.run(self.settings(attempts=2, max_connections=1, start_connections=1))
        self.emulator.set_faults([])

    def killed(self, *plan: dict[str, Any], parts: int = 0) -> None:
        """`kill -9` ends it, in a process of its own, once the fault plan's last rule has taken an exchange and the
        journal holds that many parts."""
        self.emulator.set_faults(list(plan))
        call = "import sys, json; from tests.resume.uploader import main; main(json.loads(sys.argv[1]))"
        job = {
            "cloud": self.cloud.name,
            "place": self.cloud.place,
            "part_size": self.cloud.part_size,
            "path": str(self.path),
            "endpoint": self.emulator.endpoint,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", call, json.dumps(job)], env=os.environ | {"PYTHONPATH": str(PROJECT)}
        )
        self.processes.append(process)
        pause = threading.Event()
        while not self.emulator.faults()[-1]["hits"] or journalled_parts() < parts:
            assert process.poll() is None, "the upload ended before it could be killed"
            pause.wait(0.01)
        process.kill()
        process.wait()
        self.emulator.set_faults([])

    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def media(self, result: Any) -> dict[str, Any]:
        """The media a result names, as the emulator has it."""
        return next(media for media in self.emulator.media() if media["media_id"] == result.media_id)

    def judge(self, result: Any) -> list[dict[str, Any]]:
        """Right bytes, once: one media with exactly the file's bytes, nothing open. Gives the history."""
        assert result.state == "done"
        committed = [media for media in self.emulator.media() if media["state"] == "committed"]
        assert [media["media_id"] for media in committed] == [result.media_id]
        (held,) = committed[0]["objects"]
        assert held["sha256"] == self.sha256()
        assert sum(media["open_uploads"] for media in self.emulator.media()) == 0
        assert self.emulator.meter()["media_created"] == 1
        history: list[dict[str, Any]] = self.emulator.history()
        return history


@pytest.fixture
def upload(cloud: Cloud, vodfast_emulator: Any, tmp_path: Path) -> Iterator[Upload]:
    path = tmp_path / "movie.mp4"
    path.write_bytes(content(5 * cloud.part_size + 4321))
    made = Upload(cloud, vodfast_emulator, path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def journalled_parts() -> int:
    path = Path(os.environ["VODFAST_STATE_DIR"]) / FILE
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM parts").fetchone()[0]


def count(history: list[dict[str, Any]], operation: str | None) -> int:
    """How often a call had its effect."""
    return sum(record["operation"] == operation and record["status"] == 200 for record in history)
