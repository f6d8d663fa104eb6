"""`docs/output.md` names every field that is written, and no other."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vodfast.cli import main
from vodfast.cli.exit_codes import Exit, exit_code
from vodfast.errors import ErrorInfo, ErrorKind
from vodfast.events import Progress, Retried, UploadEnded, UploadStarted
from vodfast.items import UploadResult

PAGE = (Path(__file__).parents[2] / "docs" / "output.md").read_text()


def table(head: str) -> dict[str, str]:
    """First and last cell of the rows below a heading row."""
    rows = PAGE.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {row.split(" | ", 1)[0].strip("| "): row.split(" | ", 1)[1].rstrip("| ") for row in rows}


def names(text: str) -> set[str]:
    """The words in code, those in parentheses left out."""
    return set(re.findall(r"`([a-z_]+)`", re.sub(r"\([^)]*\)", "", text)))


def fields(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def test_results_errors_and_events() -> None:
    assert names(" ".join(table("result"))) == fields(UploadResult) | {"type"}
    assert names(" ".join(table("error"))) == fields(ErrorInfo)
    events = table("event")
    for kind in (UploadStarted, Progress, Retried, UploadEnded):
        assert names(events[f"`{kind.__struct_config__.tag}`"]) == fields(kind) - {"item"}
    assert len(events) == 4


def test_every_exit_code_is_explained() -> None:
    assert {int(code) for code in table("code") if code.isdigit()} == {code.value for code in Exit}


def test_every_kind_of_error_is_explained_with_its_exit_code() -> None:
    told = {line.split("|")[1].strip(" `"): line.split("|")[-2] for line in kinds()}
    assert told.keys() == {kind.value for kind in ErrorKind}
    for kind, codes in told.items():
        state = kind if kind in ("ambiguous", "cancelled") else "failed"
        ends = {exit_code({(state, kind): 1, ("done", None): 5}, signum) for signum in (signal.SIGINT, signal.SIGTERM)}
        assert {int(code) for code in codes.split(",")} == ends, kind


def kinds() -> list[str]:
    return PAGE.split("| kind of error |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]


@pytest.fixture
def lines(
    vodfast_emulator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Callable[..., list[dict[str, Any]]]:
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    monkeypatch.setenv("VODFAST_TO", "aliyun")
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").write_bytes(b"media")

    def run(*words: str) -> list[dict[str, Any]]:
        capfd.readouterr()
        main([*words, "--output", "jsonl"])
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    return run


def test_the_other_commands(lines: Callable[..., list[dict[str, Any]]], vodfast_emulator: Any) -> None:
    vodfast_emulator.set_faults([{"action": "status", "code": 503, "match": {"operation": "PutObject"}, "times": 0}])
    lines("upload", "clip.mp4", "--attempts", "1")
    gone = lines("gc", "--all")
    vodfast_emulator.set_faults([])
    *_, done = lines("upload", "clip.mp4")
    (pulled,) = lines("pull", "https://e.com/a.mp4")
    commands = {
        "pull": [pulled],
        "register": lines("register", "bucket/a.mp4"),
        "jobs": lines("jobs", pulled["job_id"]),
        "jobs --cancel": lines("jobs", pulled["job_id"], "--cancel"),
        "media": lines("media", done["query_id"]),
        "status": lines("status", "--all"),
        "gc": gone,
        "doctor": lines("doctor", "--to", "aliyun"),
    }
    told = table("command")
    assert {command.strip("`") for command in told} == commands.keys()
    for command, records in commands.items():
        assert records
        for record in records:
            assert record.keys() == names(told[f"`{command}`"]), command
