"""Vendor SDKs as foreign clients of the emulator, each in a process of its own and none of them modified.

Decides how a vendor SDK is started, spoken to and stopped. Leaves what is asked of it to the tests, which judge by
the emulator's history and media list and never by the SDK's word alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator

CLIENTS = Path(__file__).parent / "clients"
KEYS = ["vodfast-emulator-tencent", "vodfast-emulator-tencent-secret"]
MIB = 1024 * 1024


class Foreign:
    """One vendor SDK in a process: `ask` sends a job and waits for its answer."""

    def __init__(self, script: str, environment: dict[str, str], ca_file: str) -> None:
        words = (CLIENTS / "trusting.py", ca_file, environment["HOME"], CLIENTS / f"{script}.py")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                *map(str, words),
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.idle = True

    def send(self, call: str, **arguments: Any) -> None:
        """Start a job without waiting for it."""
        assert self.process.stdin is not None
        self.idle = False
        self.process.stdin.write(json.dumps({"call": call, "with": arguments}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next answer: an object with `result` or `error`."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the client ended with {self.process.wait()} instead of answering"
        answer: dict[str, Any] = json.loads(line)
        self.idle = True
        return answer

    def ask(self, call: str, **arguments: Any) -> Any:
        """The result of a job; an SDK error fails the test."""
        self.send(call, **arguments)
        answer = self.answer()
        assert "error" not in answer, answer
        return answer["result"]

    def refused(self, call: str, **arguments: Any) -> dict[str, Any]:
        """The error of a job; success fails the test."""
        self.send(call, **arguments)
        answer = self.answer()
        assert "result" not in answer, answer
        error: dict[str, Any] = answer["error"]
        return error

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="session")
def served() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(served: Emulator) -> Emulator:
    """The session's emulator, empty."""
    served.reset()
    return served


@pytest.fixture(scope="session")
def _started(served: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Foreign]]:
    proxy = f"http://{served.endpoint}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "http_proxy": proxy,
        "https_proxy": proxy,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    running: dict[str, Foreign] = {}

    def start(script: str) -> Foreign:
        client = running.get(script)
        if client is None or not client.idle or client.process.poll() is not None:
            if client is not None:
                client.close()
            client = running[script] = Foreign(script, environment, str(served.ca))
        return client

    yield start
    for client in running.values():
        client.close()


@pytest.fixture
def foreign(emulator: Emulator, _started: Callable[[str], Foreign]) -> Callable[[str], Foreign]:
    """Gives `clients/<name>.py` running behind the emulator's proxy: one process for the session, because importing a
    vendor SDK takes seconds, and a new one after a test that left it busy or dead.
    """
    return _started


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str, int], Path]:
    """Makes a file of reproducible noise."""

    def make(name: str, size: int) -> Path:
        path = tmp_path / name
        path.write_bytes(random.Random(f"{name} {size}").randbytes(size))
        return path

    return make


class Oracle:
    """What really happened, by the emulator's own records."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [entry["operation"] for entry in self.emulator.history()]

    def media(self, media_id: str) -> dict[str, Any]:
        """The one committed item with this id."""
        found = [media for media in self.emulator.media() if media["media_id"] == media_id]
        assert [media["state"] for media in found] == ["committed"], f"{media_id} is not committed exactly once"
        return found[0]

    def committed(self) -> list[dict[str, Any]]:
        """Every item a real cloud would show."""
        return [media for media in self.emulator.media() if media["state"] == "committed"]

    def assert_holds(self, media_id: str, *files: Path) -> None:
        """The item consists of exactly these files' bytes."""
        stored = sorted((item["size"], item["sha256"]) for item in self.media(media_id)["objects"])
        assert stored == sorted((path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)


@pytest.fixture
def oracle(emulator: Emulator) -> Oracle:
    return Oracle(emulator)


@pytest.fixture(scope="session")
def keys() -> list[str]:
    """The emulator's permanent keys as a vendor's constructor takes them."""
    return KEYS


@pytest.fixture
def caller(emulator: Emulator) -> Iterator[list[str]]:
    """Id, key and token of a temporary credential the emulator knows, as from an assumed role."""
    words = ["vodfast-emulator-caller", "vodfast-emulator-caller-secret", "vodfast-emulator-caller-token"]
    emulator.settings(callers=[dict(zip(("access_key", "secret", "token"), words))])
    yield words
    emulator.settings(callers=[])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.foreign)
