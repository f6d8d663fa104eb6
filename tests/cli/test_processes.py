"""The command as a process: stdin, signals, pipes, terminals, the emulator, and what it loads."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator

Run = Callable[..., Any]
Spawn = Callable[..., "subprocess.Popen[bytes]"]
Clip = Callable[..., Path]
Stored = Callable[[], dict[str, str]]


def routed(emulator: Emulator) -> dict[str, str]:
    return {"VODFAST_EMULATOR": emulator.endpoint}


def test_stdin_arrives_whole(vodfast_process: Run, emulator: Emulator, stored: Stored) -> None:
    content = bytes(range(256)) * 12345
    ran = vodfast_process(
        "upload", "-", "--name", "live.mp4", "--to", "tencent", "--output", "jsonl", "--report", "r",
        env=routed(emulator), stdin=content,
    )  # fmt: skip
    assert ran.code == 0, ran
    assert stored() == {"live": hashlib.sha256(content).hexdigest()}
    assert ran.results[0]["bytes"] == len(content)
    assert json.loads(Path("r").read_text())["source"] == "-"


def stalled_upload(spawn: Spawn, clip: Clip, emulator: Emulator, *more: str) -> subprocess.Popen[bytes]:
    """An upload whose third part never ends, once some of its parts are acknowledged."""
    emulator.set_faults([{"action": "stall", "match": {"operation": "UploadPart", "part_number": 3}, "times": 0}])
    process = spawn(
        "upload", clip("a.mp4", 5 << 20), "--part-size", "1M", "--output", "jsonl", "--report", "r", *more,
        env=routed(emulator),
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "progress":
            return process
    raise AssertionError("no progress was told")


def stored_parts(emulator: Emulator) -> int:
    return sum(record["operation"] == "UploadPart" and record["status"] == 200 for record in emulator.history())


def test_a_command_that_is_told_to_end_leaves_what_the_same_command_goes_on_from(
    vodfast: Run, spawn: Spawn, clip: Clip, emulator: Emulator
) -> None:
    process = stalled_upload(spawn, clip, emulator)
    for _ in range(12_000):
        if stored_parts(emulator) == 4:
            break
        threading.Event().wait(0.01)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 143, err
    assert json.loads(out.splitlines()[-1])["state"] == "cancelled"
    assert [item["open_uploads"] for item in emulator.media()] == [1]
    assert "DeleteObject" not in {record["operation"] for record in emulator.history()}
    emulator.set_faults([])
    ran = vodfast("upload", "a.mp4", "--part-size", "1M", "--output", "jsonl")
    assert (ran.code, ran.results[0]["resumed"]) == (0, True)
    assert [item["state"] for item in emulator.media()] == ["committed"]
    assert stored_parts(emulator) <= 6, "the one that stalled, and one whose answer may not have been heard"


@pytest.mark.parametrize(("signum", "code", "more"), [(signal.SIGINT, 130, []), (signal.SIGTERM, 143, ["--no-resume"])])
def test_an_interrupt_takes_back_what_is_unfinished_and_so_does_an_end_without_a_journal(
    spawn: Spawn, clip: Clip, emulator: Emulator, signum: signal.Signals, code: int, more: list[str]
) -> None:
    process = stalled_upload(spawn, clip, emulator, *more)
    process.send_signal(signum)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    result = json.loads(out.splitlines()[-1])
    assert (result["type"], result["state"]) == ("result", "cancelled")
    assert json.loads(Path("r").read_text())["state"] == "cancelled"
    assert [item["state"] for item in emulator.media()] == ["aborted"]
    assert "Traceback" not in err.decode()
    assert "1 cancelled" in err.decode()


def test_items_not_begun_are_in_the_ledger(spawn: Spawn, clip: Clip, emulator: Emulator) -> None:
    emulator.set_faults([{"action": "stall", "match": {"operation": "PutObject"}, "times": 0}])
    names = [clip(f"{number:03}.mp4", 50).name for number in range(90)]
    process = spawn("upload", *names, "--output", "jsonl", "--report", "r", env=routed(emulator))
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["type"] == "started"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    lines = [json.loads(line) for line in Path("r").read_text().splitlines()]
    assert sorted(line["source"] for line in lines) == names
    assert {line["state"] for line in lines} == {"cancelled"}


def test_a_second_interrupt_ends_at_once(spawn: Spawn, clip: Clip, emulator: Emulator) -> None:
    process = stalled_upload(spawn, clip, emulator)
    emulator.set_faults([{"action": "stall", "match": {"operation": "AbortMultipartUpload"}, "times": 0}])
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert b"stopping" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, b""), "a clean end would have told what was cancelled"


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_question(spawn: Spawn, emulator: Emulator, signum: signal.Signals, code: int) -> None:
    emulator.set_faults([{"action": "stall", "match": {"operation": "DescribeMediaInfos"}, "times": 0}])
    process = spawn("media", "1", env=routed(emulator))
    for _ in range(12_000):
        if emulator.faults()[0]["hits"]:
            break
        threading.Event().wait(0.01)
    process.send_signal(signum)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err.strip()) == (code, b"vodfast: interrupted")


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_and_the_upload_stays_done(
    spawn: Spawn, clip: Clip, emulator: Emulator, signum: signal.Signals, code: int
) -> None:
    emulator.set_faults([{"action": "throttle", "match": {"operation": "GetVideoInfo", "nth": 2}, "times": 0}])
    process = spawn(
        "upload", clip("a.mp4"), "--to", "aliyun", "--set", "template_group_id=T1", "--wait", "--output", "jsonl",
        "--report", "r", "--attempts", "100", env=routed(emulator),
    )  # fmt: skip
    for _ in range(12_000):
        if emulator.faults()[0]["hits"]:
            break
        threading.Event().wait(0.01)
    process.send_signal(signum)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    result = json.loads(out.splitlines()[-1])
    (line,) = [json.loads(line) for line in Path("r").read_text().splitlines()]
    assert result == line
    assert (line["state"], line["processing"] in ("running", "unknown")) == ("done", True)
    assert b"Traceback" not in err
    assert emulator.meter()["media_created"] == 1


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_leaves_ends_the_output_not_the_upload(
    spawn: Spawn, clip: Clip, emulator: Emulator, stored: Stored, stream: str
) -> None:
    names = [clip(f"{number}.mp4").name for number in range(5)]
    process = spawn("upload", *names, "missing.mp4", "--output", "jsonl", env=routed(emulator))
    getattr(process, stream).close()
    process.wait(timeout=120)
    other = process.stderr if stream == "stdout" else process.stdout
    assert other is not None
    said = other.read()
    assert process.returncode == 1, said
    assert b"Traceback" not in said
    assert len(stored()) == 5


@pytest.mark.parametrize("args", [["--help"], ["completion", "bash"], ["media", "1", "--emulator"]])
def test_a_closed_pipe_is_no_crash(spawn: Spawn, args: list[str]) -> None:
    process = spawn(*args)
    assert process.stdout is not None
    process.stdout.close()
    process.wait(timeout=120)
    assert process.stderr is not None
    said = process.stderr.read()
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


@pytest.mark.parametrize("no_color", ["", "1"])
def test_live_bars_on_a_terminal(
    clip: Clip, emulator: Emulator, stored: Stored, process_environment: dict[str, str], no_color: str
) -> None:
    pytest.importorskip("rich")
    clip("a.mp4", 3 << 20)
    master, slave = pty.openpty()
    environment = process_environment | routed(emulator) | {"TERM": "xterm", "NO_COLOR": no_color}
    process = subprocess.Popen(
        [sys.executable, "-m", "vodfast", "upload", "a.mp4", "missing.mp4", "--part-size", "1M"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave, env=environment,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:
            break  # a terminal whose last writer left
    os.close(master)
    assert process.wait(timeout=120) == 1
    assert b"/2 items" in shown
    assert b"done  a.mp4" in shown
    assert b"1 done, 1 failed" in shown
    assert (b"\x1b[31m" in shown) is not bool(no_color)
    assert list(stored()) == ["a"]


def test_the_emulator_command(spawn: Spawn, vodfast: Run, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    process = spawn("emulator", "--sub-app", "77")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert told["endpoint"].startswith("127.0.0.1:")
    assert told["env"]["VODFAST_EMULATOR"] == told["endpoint"]
    assert "ca" in told
    monkeypatch.setenv("VODFAST_EMULATOR", told["endpoint"])
    assert vodfast("upload", clip("a.mp4"), "--to", "tencent:77").code == 0
    assert vodfast("upload", clip("a.mp4"), "--to", "tencent:101").code != 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [(("emulator",), 0), (("upload", "-", "--name", "live.mp4", "--to", "tencent", "--emulator"), 143)],
    ids=["emulator", "upload"],
)
def test_an_emulator_that_is_told_to_end_while_it_starts_leaves_no_files(
    spawn: Spawn, tmp_path: Path, args: tuple[str, ...], code: int
) -> None:
    files = tmp_path / "temporary"
    files.mkdir()
    process = spawn(*args, env={"TMPDIR": str(files)}, stdin=subprocess.PIPE)
    for _ in range(120_000):
        if list(files.iterdir()):
            break
        threading.Event().wait(0.001)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == code
    assert list(files.iterdir()) == []


def test_the_emulator_ends_though_a_callback_is_not_taken(
    spawn: Spawn, vodfast: Run, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = spawn("emulator")
    assert process.stdout is not None
    monkeypatch.setenv("VODFAST_EMULATOR", json.loads(process.stdout.readline())["endpoint"])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/cb"
        assert vodfast("callback", "set", url, "--to", "aliyun").code == 0
        assert vodfast("upload", clip("a.mp4"), "--to", "aliyun").code == 0
        caller, _ = silent.accept()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
        caller.close()


@pytest.mark.parametrize("closed", ["1", "2", "0 1 2"])
def test_closed_standard_streams_do_no_harm(
    process_environment: dict[str, str], clip: Clip, emulator: Emulator, stored: Stored, closed: str
) -> None:
    script = (
        f"import os, sys\nfor stream in {list(map(int, closed.split()))}: os.close(stream)\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'vodfast', 'upload', {str(clip())!r}])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env=process_environment | routed(emulator)
    )
    assert ran.returncode == 0, ran
    assert ran.stdout == b""
    assert list(stored()) == ["clip"]


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_full_disk_is_told_in_a_line(process_environment: dict[str, str], option: str) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "vodfast", option]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=process_environment)
    assert (ran.returncode, ran.stderr) == (1, b"vodfast: the output cannot be written: No space left on device\n")


def test_results_that_cannot_be_written_do_not_count_as_told(
    process_environment: dict[str, str], clip: Clip, emulator: Emulator, stored: Stored
) -> None:
    script = (
        "import os, sys\nos.close(1)\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'vodfast', 'upload', {str(clip())!r}, '--output', 'jsonl'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env=process_environment | routed(emulator)
    )
    assert ran.returncode == 1
    assert b"the output is incomplete" in ran.stderr
    assert list(stored()) == ["clip"]


HEAVY = ("asyncio", "click", "httptools", "msgspec", "pycurl", "rich", "typing", "uvloop", "vodfast._native")


@pytest.mark.parametrize(
    ("args", "heavy"),
    [
        (["--version"], HEAVY),
        (["--help"], HEAVY),
        (["upload", "--help"], ("asyncio", "httptools", "msgspec", "pycurl", "rich", "uvloop", "vodfast._native")),
        (["completion", "bash"], ("asyncio", "msgspec", "pycurl", "rich", "uvloop", "vodfast._native")),
    ],
    ids=["version", "help", "upload-help", "completion"],
)
def test_what_is_loaded(process_environment: dict[str, str], args: list[str], heavy: tuple[str, ...]) -> None:
    script = (
        "import sys\nbefore = set(sys.modules)\nfrom vodfast.cli import main\n"
        f"code = main({args!r})\n"
        f"print(sorted((sys.modules.keys() - before) & {set(heavy)!r}), code, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=process_environment)
    assert ran.stderr.decode().strip() == "[] 0"
    assert ran.stdout
