"""`vodfast upload` against the emulator: what is stored, what is said, and the exit code."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import sha256
from vodfast.emulator import Emulator

Run = Callable[..., Any]
Clip = Callable[..., Path]
Stored = Callable[[], dict[str, str]]

RESULT_KEYS = {"type", "source", "cloud", "state", "media_id", "url", "bytes", "seconds", "error"}


def error_of(ran: Any) -> dict[str, Any]:
    [result] = ran.results
    error: dict[str, Any] = result["error"]
    return error


def test_each_file_is_stored_and_told(vodfast: Run, clip: Clip, stored: Stored) -> None:
    first, second = clip("a.mp4"), clip("b.mkv", 3 << 20)
    ran = vodfast("upload", "--to", "tencent", first, second)
    assert ran.code == 0
    assert ran.out == ""
    assert "2 done" in ran.err
    assert stored() == {"a": sha256(first), "b": sha256(second)}


def test_jsonl_has_events_and_one_result_for_each_item(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    path = clip("a.mp4", 5 << 20)
    ran = vodfast("upload", "--to", "tencent:101", path, "missing.mp4", "--output", "jsonl", "--part-size", "1M")
    assert ran.code == 1
    assert {line["type"] for line in ran.lines} >= {"started", "progress", "ended", "result"}
    results = {result["source"]: result for result in ran.results}
    assert results.keys() == {str(path), "missing.mp4"}
    done, failed = results[str(path)], results["missing.mp4"]
    assert done.keys() >= RESULT_KEYS
    assert done.keys() == failed.keys()
    [media] = emulator.media()
    assert (done["cloud"], done["state"], done["error"]) == ("tencent", "done", None)
    assert (done["media_id"], done["bytes"]) == (media["media_id"], 5 << 20)
    assert done["url"].startswith("http")
    assert done["seconds"] > 0
    assert failed["state"] == "failed"
    assert failed["error"].keys() == {"kind", "code", "message", "request_id"}
    progress = [line["done"] for line in ran.lines if line["type"] == "progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 5 << 20


def test_json_is_one_document(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    ran = vodfast("upload", clip("a.mp4"), "missing.mp4", "--output", "json", "--quiet")
    assert ran.code == 1
    assert sorted(result["state"] for result in json.loads(ran.out)) == ["done", "failed"]
    assert ran.err == "failed  missing.mp4: no such file\n"


@pytest.mark.parametrize("name", ["missing.mp4", "empty.mp4", "notes.xyz", "noextension"])
def test_a_bad_file_fails_alone(vodfast: Run, clip: Clip, stored: Stored, name: str) -> None:
    if name != "missing.mp4":
        clip(name, 0 if name == "empty.mp4" else 100)
    ran = vodfast("upload", name, clip("good.mp4"))
    assert ran.code == 1
    assert list(stored()) == ["good"]
    assert ran.err.count(f"failed  {name}") == 2, "once when it happens, once at the end"


Plan = list[dict[str, Any]]


def fault(action: str, operation: str, **more: Any) -> Plan:
    return [{"action": action, "match": {"operation": operation}, "times": 0, **more}]


@pytest.mark.parametrize(
    ("plan", "code", "state"),
    [
        (fault("error", "ApplyUpload", code="AuthFailure.SignatureFailure"), 3, "failed"),
        (fault("error", "ApplyUpload", code="AuthFailure.SecretIdNotFound"), 3, "failed"),
        (fault("error", "ApplyUpload", code="InvalidParameterValue.MediaType"), 1, "failed"),
        (fault("error", "ApplyUpload", code="InternalError"), 4, "failed"),
        (fault("throttle", "ApplyUpload"), 4, "failed"),
        (fault("status", "ApplyUpload", code=503), 4, "failed"),
        (fault("corrupt_digest", "PutObject"), 5, "failed"),
        (fault("drop_reply", "CommitUpload"), 6, "ambiguous"),
    ],
    ids=["signature", "key", "refused", "internal", "throttled", "503", "integrity", "ambiguous"],
)
def test_the_exit_code_tells_how_it_ended(
    vodfast: Run, clip: Clip, emulator: Emulator, plan: Plan, code: int, state: str
) -> None:
    emulator.set_faults(plan)
    ran = vodfast("upload", clip("a.mp4"), "--output", "jsonl", "--attempts", "2")
    assert (ran.code, ran.results[0]["state"]) == (code, state), ran


def test_one_class_of_failures_among_successes_is_told(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    emulator.set_faults([{"action": "throttle", "match": {"operation": "ApplyUpload"}, "times": 1}])
    ran = vodfast("upload", clip("a.mp4"), clip("b.mp4"), "--attempts", "1", "--output", "jsonl")
    assert (ran.code, sorted(result["state"] for result in ran.results)) == (4, ["done", "failed"])


def test_where_nobody_listens_the_service_is_unavailable(
    vodfast: Run, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("VODFAST_EMULATOR", f"127.0.0.1:{port}")
    ran = vodfast("upload", clip("a.mp4"), "--output", "jsonl", "--attempts", "2")
    assert ran.code == 4
    assert error_of(ran)["kind"] == "network"


def test_an_unknown_sub_application(vodfast: Run, clip: Clip, stored: Stored) -> None:
    ran = vodfast("upload", "--to", "tencent:4242", clip("a.mp4"), "--output", "jsonl")
    assert ran.code == 3
    assert error_of(ran)["code"] == "InvalidParameterValue.SubAppId"
    assert error_of(ran)["request_id"]
    assert stored() == {}


def test_no_credentials_and_a_bad_environment(vodfast: Run, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = vodfast("upload", clip("a.mp4"))
    assert ran.code == 3
    assert ran.err.startswith("vodfast: no credentials for tencent")
    Path("r").write_text('{"type": "result", "source": "a", "cloud": "tencent", "state": "done"}\n')
    assert vodfast("upload", clip("a.mp4"), "--report", "r").code == 3
    assert Path("r").read_text(), "a run that cannot start leaves the older report alone"
    monkeypatch.setenv("VODFAST_EMULATOR", "example.com:80")
    assert vodfast("upload", clip("a.mp4")).code == 3


BAD_USE: list[list[str]] = [
    [],
    ["--to", "nowhere", "a.mp4"],
    ["--to", "tencent:", "a.mp4"],
    ["--to", "tencent:abc", "a.mp4"],
    ["--to", "tencent:-1", "a.mp4"],
    ["--to", "tencent:1\r\nX: y", "a.mp4"],
    ["--set", "expire_time=tomorrow", "a.mp4"],
    ["--set", "expire_time=2030-13-45T00:00:00Z", "a.mp4"],
    ["--set", "class_id=many", "a.mp4"],
    ["--set", "part_concurrency=0", "a.mp4"],
    ["--set", "colour=red", "a.mp4"],
    ["--set", "media_type", "a.mp4"],
    ["--set", "procedure=a", "--set", "procedure=b", "a.mp4"],
    ["--set", "media_type=exe", "a.mp4"],
    ["--description", "x", "a.mp4"],
    ["--tag", "x", "a.mp4"],
    ["--kind", "image", "a.mp4"],
    ["--category", "films", "a.mp4"],
    ["--context", "x" * 251, "a.mp4"],
    ["--cover", "missing.png", "a.mp4"],
    ["--cover", "a.mp4", "a.mp4"],
    ["--name", "b.exe", "a.mp4"],
    ["--name", "c.mp4", "a.mp4", "b.mp4"],
    ["--part-size", "1K", "a.mp4"],
    ["--part-size", "big", "a.mp4"],
    ["--bwlimit", "1", "a.mp4"],
    ["--bwlimit", "-1M", "a.mp4"],
    ["--max-connections", "0", "a.mp4"],
    ["--attempts", "0", "a.mp4"],
    ["--ca-bundle", "missing.pem", "a.mp4"],
    ["--output", "xml", "a.mp4"],
    ["--from", "missing.txt"],
    ["--report", "a.mp4", "b.mp4"],
    ["--report", "missing/report", "b.mp4"],
    ["--unknown", "a.mp4"],
    ["folder"],
    ["*.mkv"],
    ["-"],
    ["-", "-", "--name", "x.mp4", "--from", "-"],
]


@pytest.mark.parametrize("args", BAD_USE, ids=lambda args: ascii(" ".join(args))[1:60])
def test_bad_use_is_refused_before_anything_is_sent(
    vodfast: Run, clip: Clip, emulator: Emulator, args: list[str]
) -> None:
    for name in ("a.mp4", "b.mp4", "folder/c.mp4"):
        clip(name)
    ran = vodfast("upload", *args)
    assert ran.code == 2, ran
    assert ran.err.startswith("vodfast: ")
    assert len(ran.err.splitlines()) == 1
    assert ran.out == ""
    assert emulator.history() == []


TEXT_OPTIONS = [
    "--title", "--description", "--tag", "--category", "--context", "--storage-class", "--kind", "--name", "--region",
    "--endpoint", "--to",
]  # fmt: skip


UNSENDABLE = ["a\r\nX-Injected: 1", "a\nb", "a\x1b[2J", "a\x7f", "\udcff", "a\u2028b"]


@pytest.mark.parametrize("option", [*TEXT_OPTIONS, "--set"])
def test_control_characters_are_refused_in_every_option(
    vodfast: Run, clip: Clip, emulator: Emulator, option: str
) -> None:
    path = clip("a.mp4")
    for bad in UNSENDABLE:
        ran = vodfast("upload", path, option, f"procedure={bad}" if option == "--set" else bad)
        assert ran.code == 2, (bad, ran)
        assert "\x1b" not in ran.err
    assert emulator.history() == []


def test_every_option_arrives_at_the_service(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    cover = clip("cover.png")
    ran = vodfast(
        "upload", clip("a.mp4"), "--title", "Ein Füllfederhalter 钢笔", "--cover", cover, "--category", "0",
        "--set", "session-context=s", "--part-size", "2M", "--bwlimit", "1G", "--max-connections", "2",
    )  # fmt: skip
    assert ran.code == 0, ran
    [item] = emulator.media()
    assert item["name"] == "Ein Füllfederhalter 钢笔"
    assert [each["size"] for each in item["objects"]] == [3000, 3000]


def test_the_environment_can_say_where_to(
    vodfast: Run, clip: Clip, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VODFAST_TO", "nowhere")
    assert vodfast("upload", clip("a.mp4")).code == 2
    monkeypatch.setenv("VODFAST_TO", "tencent:101")
    assert vodfast("upload", clip("a.mp4")).code == 0
    assert list(stored()) == ["a"]


def test_a_directory_a_glob_and_the_same_file_twice(vodfast: Run, clip: Clip, stored: Stored) -> None:
    for name in ("d/a.mp4", "d/.hidden.mp4", "d/notes.txt", "d/sub/b.mkv", "c.flv"):
        clip(name)
    ran = vodfast("upload", "-r", "d", "*.flv", "./d/a.mp4", "./c.flv")
    assert ran.code == 0, ran
    assert sorted(stored()) == ["a", "b", "c"]
    assert "notes.txt" in ran.err
    assert ran.err.count("uploaded once") == 2


def test_a_report_is_the_next_runs_input(vodfast: Run, clip: Clip, stored: Stored) -> None:
    good = clip("good.mp4")
    ran = vodfast("upload", good, "late.mp4", "--report", "r.jsonl")
    assert ran.code == 1
    lines = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    assert {line["source"]: line["state"] for line in lines} == {str(good): "done", "late.mp4": "failed"}
    assert all(line.keys() >= RESULT_KEYS for line in lines)
    late = clip("late.mp4")
    ran = vodfast("upload", "--from", "r.jsonl", "--report", "r2.jsonl", "--output", "jsonl")
    assert ran.code == 0, ran
    assert [result["source"] for result in ran.results] == ["late.mp4"]
    assert stored() == {"good": sha256(good), "late": sha256(late)}
    ran = vodfast("upload", "--from", "r2.jsonl", "--report", "r2.jsonl")
    assert ran.code == 0
    assert "nothing is left" in ran.err
    assert len(Path("r2.jsonl").read_text().splitlines()) == 2
    assert len(stored()) == 2


def test_a_list_of_items_has_its_own_fields(vodfast: Run, clip: Clip, stored: Stored) -> None:
    clip("a.mp4")
    clip("b.mp4")
    Path("items").write_text('{"source": "a.mp4", "title": "Own", "options": {"class_id": 0}}\n{"source": "b.mp4"}\n')
    assert vodfast("upload", "--from", "items", "--title", "Common").code == 0
    assert sorted(stored()) == ["Common", "Own"]
    Path("items").write_text('{"source": "a.mp4", "options": {"colour": 1}}\n')
    ran = vodfast("upload", "--from", "items")
    assert ran.code == 2
    assert "colour" in ran.err


def test_a_name_that_is_no_text_fails_alone_and_keeps_its_bytes(vodfast: Run, clip: Clip, stored: Stored) -> None:
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    clip(name)
    ran = vodfast("upload", name, clip("good.mp4"), "--output", "jsonl", "--report", "r")
    assert ran.code in (0, 1)
    assert name in {result["source"] for result in ran.results}
    assert "good" in stored()
    if ran.code == 1:
        os.rename(os.fsencode(name), "x.mp4")
        assert vodfast("upload", "--from", "r", "--output", "jsonl").results[0]["source"] == name


def test_a_name_cannot_command_the_terminal(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    clip("a\x1b[2Jb\r\n.mp4")
    ran = vodfast("upload", "a\x1b[2Jb\r\n.mp4", "c\x1b[2J.mp4")
    assert "\x1b" not in ran.err
    assert r"\x1b" in ran.err


def test_an_emulator_of_its_own(vodfast: Run, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VODFAST_EMULATOR", raising=False)
    ran = vodfast("upload", clip("a.mp4"), "--emulator", "--to", "tencent:101", "--output", "json")
    assert ran.code == 0, ran
    assert json.loads(ran.out)[0]["state"] == "done"


def test_a_report_that_cannot_be_finished_is_told(
    vodfast: Run, clip: Clip, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vodfast.cli.report.os.write", full)
    ran = vodfast("upload", clip("a.mp4"), "--report", "r")
    monkeypatch.undo()
    assert ran.code == 1
    assert "the report is incomplete: No space left on device" in ran.err
