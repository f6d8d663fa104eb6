"""Resume from the shell: the same command again, `--force-new`, `--no-resume`, `status`."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast.emulator import Emulator

Run = Callable[..., Any]
Clip = Callable[..., Path]


def test_the_same_command_again_uploads_nothing_twice(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    names = [clip(f"{number}.mp4").name for number in range(5)]
    first = vodfast("upload", *names, "--output", "jsonl")
    clip("5.mp4")
    second = vodfast("upload", *names, "5.mp4", "--output", "jsonl")
    assert (first.code, second.code) == (0, 0)
    assert [result["reused"] for result in first.results] == [False] * 5
    assert {result["source"]: result["reused"] for result in second.results} == {
        **dict.fromkeys(names, True),
        "5.mp4": False,
    }
    ids = {result["media_id"] for result in first.results}
    assert {result["media_id"] for result in second.results} > ids
    assert emulator.meter()["media_created"] == 6
    assert "uploaded before (--force-new makes other media)" in second.err


@pytest.mark.parametrize("option", ["--force-new", "--no-resume"])
def test_other_media_on_request(vodfast: Run, clip: Clip, emulator: Emulator, option: str) -> None:
    clip("a.mp4")
    ids = {vodfast("upload", "a.mp4", "--output", "jsonl", option).results[0]["media_id"] for _ in range(2)}
    assert len(ids) == 2
    assert emulator.meter()["media_created"] == 2


@pytest.mark.parametrize("source_check", ["stat", "hash"])
def test_a_killed_command_is_continued_and_shown_meanwhile(
    spawn: Run, vodfast: Run, clip: Clip, emulator: Emulator, source_check: str
) -> None:
    emulator.set_faults([{"action": "stall", "match": {"operation": "UploadPart", "part_number": 3}, "times": 0}])
    arguments = ("upload", clip("a.mp4", 5 << 20), "--part-size", "1M", "--output", "jsonl")
    process = spawn(*arguments, env={"VODFAST_EMULATOR": emulator.endpoint})
    pause = threading.Event()
    while sum(record["operation"] == "UploadPart" and record["status"] == 200 for record in emulator.history()) < 4:
        assert process.poll() is None
        pause.wait(0.01)
    assert [line["state"] for line in vodfast("status", "--output", "json").shown] == ["under way"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    emulator.set_faults([])
    (shown,) = vodfast("status", "--output", "json").shown
    assert (shown["state"], shown["cloud"], shown["source"]) == ("interrupted", "tencent", str(arguments[1]))
    ran = vodfast(*arguments, "--source-check", source_check)
    (result,) = ran.results
    assert (ran.code, result["resumed"]) == (0, True)
    assert emulator.meter()["calls"]["tencent.ApplyUpload"] == 1
    assert vodfast("status", "--output", "json").shown == []
    (shown,) = vodfast("status", "--all", "--output", "json").shown
    assert (shown["state"], shown["media_id"]) == ("done", result["media_id"])


def test_the_report_of_a_killed_command_is_all_that_the_next_needs(
    spawn: Run, vodfast: Run, clip: Clip, emulator: Emulator
) -> None:
    emulator.set_faults([{"action": "stall", "match": {"operation": "UploadPart", "part_number": 3}, "times": 0}])
    clip("a.mp4", 5 << 20)
    clip("b.mp4", 5 << 20)
    Path("items").write_text(
        '{"source": "a.mp4", "title": "Own"}\n{"source": "b.mp4"}\n{"source": "-", "name": "c.mp4"}\n'
    )
    arguments = ("upload", "--part-size", "1M", "--output", "jsonl", "--report", "r")
    process = spawn(*arguments, "--from", "items", env={"VODFAST_EMULATOR": emulator.endpoint})
    pause = threading.Event()
    while sum(record["operation"] == "UploadPart" and record["status"] == 200 for record in emulator.history()) < 8:
        assert process.poll() is None
        pause.wait(0.01)
    process.kill()
    process.wait()
    emulator.set_faults([])
    kept = {line["source"]: line for line in map(json.loads, Path("r").read_text().splitlines())}
    assert {source: line["state"] for source, line in kept.items()} == {
        "a.mp4": "cancelled",
        "b.mp4": "cancelled",
        "-": "failed",
    }
    assert [line.get("listed") for line in kept.values()] == [{"title": "Own"}, None, None]
    Path("r").write_text("".join(json.dumps(kept[name]) + "\n" for name in ("a.mp4", "b.mp4")))
    ran = vodfast(*arguments, "--from", "r")
    assert (ran.code, [result["resumed"] for result in ran.results]) == (0, [True, True])
    assert sorted(item["name"] for item in emulator.media() if item["state"] == "committed") == ["Own", "b"]
    assert [json.loads(line)["state"] for line in Path("r").read_text().splitlines()] == ["done", "done"]


def test_gc_aborts_what_an_outage_left(vodfast: Run, clip: Clip, emulator: Emulator) -> None:
    emulator.set_faults([{"action": "status", "code": 503, "match": {"operation": "UploadPart", "nth": 3}, "times": 0}])
    ran = vodfast("upload", clip("a.mp4", 5 << 20), "--part-size", "1M", "--attempts", "1")
    assert (ran.code, [item["open_uploads"] for item in emulator.media()]) == (4, [1])
    assert vodfast("gc").err == "nothing was left behind that long ago by this account\n"
    assert vodfast("gc", "--all", "--output", "json").shown[0]["state"] == "aborted"
    assert [item["open_uploads"] for item in emulator.media()] == [0]
    assert (vodfast("status").out, vodfast("status").err) == ("", "no upload is interrupted\n")


def test_gc_says_what_it_leaves_alone_and_what_it_could_not_delete(
    vodfast: Run, clip: Clip, emulator: Emulator, stored: Callable[[], dict[str, str]]
) -> None:
    emulator.set_faults([{"action": "drop_reply", "match": {"operation": "CommitUpload"}, "times": 0}])
    assert vodfast("upload", clip("a.mp4"), "--attempts", "1").code == 6
    assert [line["state"] for line in vodfast("status", "--output", "json").shown] == ["ambiguous"]
    unavailable = {"action": "status", "code": 503, "times": 0}
    emulator.set_faults([unavailable | {"match": {"operation": name}} for name in ("PutObject", "DeleteObject")])
    assert vodfast("upload", clip("b.mp4"), "--attempts", "1").code == 4
    ran = vodfast("gc", "--all", "--attempts", "1", "--output", "json")
    assert {Path(item["source"]).name: item["state"] for item in ran.shown} == {
        "a.mp4": "ambiguous",
        "b.mp4": "interrupted",
    }
    ambiguous, interrupted = ran.err.splitlines()
    assert ambiguous.startswith("vodfast: 1 ambiguous: may be media")
    assert "--force-new" in ambiguous
    assert interrupted.startswith("vodfast: 1 interrupted: could not be deleted now: run gc again")
    assert ran.code == 4
    emulator.set_faults([])
    ran = vodfast("gc", "--all")
    assert (ran.code, len(ran.out.splitlines())) == (0, 2)
    assert ran.err.splitlines() == [ambiguous]
    assert (vodfast("upload", "a.mp4").code, list(stored())) == (0, ["a"])
    assert emulator.meter()["media_created"] == 1
    assert vodfast("gc", "--all").err == "nothing was left behind that long ago by this account\n"


def test_status_without_a_journal_makes_none(vodfast: Run, tmp_path: Path) -> None:
    ran = vodfast("status")
    assert (ran.code, ran.out, ran.err) == (0, "", "no upload is interrupted\n")
    assert not list((tmp_path / "home").rglob("journal.db"))


def test_an_emulator_inside_the_command_leaves_no_journal(vodfast: Run, clip: Clip, tmp_path: Path) -> None:
    clip("a.mp4")
    assert vodfast("upload", "a.mp4", "--emulator").code == 0
    assert not list(tmp_path.rglob("journal.db"))
