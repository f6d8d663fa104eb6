"""The emulator in a process of its own, and what a contest asks of it.

`python -m bench.server SETTINGS_JSON` prints one JSON line (`endpoint`, `ca`) and serves until its input ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.workloads import MadeFile

MEMORY = Path("/dev/shm")
"""Where the server keeps what it receives, if there is room: a contest must not measure the server's disk."""
ROOM = 4 * 1024**3


def _environment() -> dict[str, str]:
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return os.environ | ({"TMPDIR": str(MEMORY)} if roomy else {})


class Server:
    """Starts the server process; use as a context manager."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.server", json.dumps(settings)],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.endpoint: str = said["endpoint"]
        self.ca: str = said["ca"]

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def _control(self, method: str, what: str) -> bytes:
        request = urllib.request.Request(f"http://{self.endpoint}/_emulator/{what}", method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=300) as answer:
            body: bytes = answer.read()
            return body

    def holds(self, files: list[MadeFile], *, members: bool = False) -> bool:
        """Whether the committed media are exactly these files, by size and CRC-64, and by SHA-256 of what it kept. The
        members of a playlist count without being committed.
        """
        media = json.loads(self._control("GET", "media"))
        stored = [item for one in media if members or one["state"] == "committed" for item in one["objects"]]
        kept = {item["sha256"] for item in stored} - {None}
        return kept <= {file.sha256 for file in files} and sorted(
            (item["size"], int(item["crc64"])) for item in stored
        ) == sorted((file.size, file.crc64) for file in files)

    def reset(self) -> None:
        """Forget everything."""
        self._control("POST", "reset")


def main() -> None:
    from vodfast.emulator import Emulator  # only the server's own process needs it

    with Emulator() as emulator:
        settings = json.loads(sys.argv[1])
        if settings:
            emulator.settings(**settings)
        print(json.dumps({"endpoint": emulator.endpoint, "ca": str(emulator.ca)}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
