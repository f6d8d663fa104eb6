"""A clean environment, a way to run the command in this process, and one in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vodfast.cli import main
from vodfast.emulator import Emulator

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def shown(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.out)

    @property
    def results(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == "result"]


def clean_environment() -> dict[str, str]:
    """The environment without anything that could reach a real cloud, and with one cloud as the default."""
    foreign = ("VODFAST", "TENCENTCLOUD", "NO_COLOR", "_VODFAST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"VODFAST_TO": "tencent"}


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home and working directory, and no variables of ours."""
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("VODFAST_TO", "tencent")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a cloud costs no time."""
    monkeypatch.setattr("vodfast.waiting.FIRST_PAUSE", 0.01)


@pytest.fixture
def vodfast(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command in this process."""

    def run(*args: str | Path) -> Ran:
        capfd.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run


Process = subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def process_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """For processes of the command: the sources here, compiled once for all tests."""
    environment = clean_environment() | {"PYTHONPATH": str(PROJECT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment | {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}


@pytest.fixture
def spawn(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start the command in a process of its own; it is gone when the test ends."""
    started: list[Process] = []

    def start(*args: str | Path, env: Mapping[str, str] | None = None, stdin: Any = subprocess.DEVNULL) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "vodfast", *map(str, args)],
            env=process_environment | {"HOME": str(tmp_path / "home")} | dict(env or {}),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def vodfast_process(spawn: Callable[..., Process]) -> Callable[..., Ran]:
    """Run the command in a process of its own, to its end."""

    def run(*args: str | Path, env: Mapping[str, str] | None = None, stdin: bytes | None = None) -> Ran:
        process = spawn(*args, env=env, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=120)
        return Ran(process.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Make a media file with content of its own."""

    def make(name: str = "clip.mp4", size: int = 3000) -> Path:
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = name.encode("utf-8", "surrogateescape") + b"."
        path.write_bytes((seed * (size // len(seed) + 1))[:size])
        return path

    return make


@pytest.fixture(scope="session")
def _running_emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(_running_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An emulator without a past, which commands in this process use."""
    _running_emulator.restore()
    monkeypatch.setenv("VODFAST_EMULATOR", _running_emulator.endpoint)
    return _running_emulator


def committed(emulator: Emulator) -> dict[str, str]:
    """Name -> SHA-256 of the first object, of all media a cloud would show."""
    return {item["name"]: item["objects"][0]["sha256"] for item in emulator.media() if item["state"] == "committed"}


@pytest.fixture
def stored(emulator: Emulator) -> Callable[[], dict[str, str]]:
    """What the emulator holds."""
    return lambda: committed(emulator)
