"""The report file: private, never through a link, never over something else, usable after a crash."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from vodfast.cli.report import Report
from vodfast.errors import InvalidInput


def record(source: str, state: str = "done", cloud: str = "tencent") -> dict[str, Any]:
    return {"type": "result", "source": source, "cloud": cloud, "state": state}


def read(path: str = "r.jsonl") -> list[tuple[str, str]]:
    return [(line["source"], line["state"]) for line in map(json.loads, Path(path).read_text().splitlines())]


def test_every_line_is_there_before_the_run_ends_and_private() -> None:
    with Report("r.jsonl") as report:
        report.begin([record("old")])
        report.add(record("a"))
        assert read() == [("old", "done"), ("a", "done")]
        assert stat.S_IMODE(os.stat("r.jsonl").st_mode) == 0o600


def test_an_older_report_is_replaced_and_made_private() -> None:
    Path("r.jsonl").write_text(json.dumps(record("old")) + "\n")
    os.chmod("r.jsonl", 0o644)
    with Report("r.jsonl") as report:
        assert read() == [("old", "done")], "until the run begins"
        report.begin([])
        report.add(record("new"))
    assert read() == [("new", "done")]
    assert stat.S_IMODE(os.stat("r.jsonl").st_mode) == 0o600


def test_the_report_a_run_also_reads_loses_nothing_and_ends_without_superseded_lines() -> None:
    lines = [record("a"), record("b", "failed"), record("c", "failed")]
    torn = '{"type": "result", "sou'
    Path("r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + torn)
    with Report("r.jsonl", ["./r.jsonl"]) as report:
        report.begin([record("a")])
        report.add(record("b"))
        assert read() == [("a", "done"), ("b", "failed"), ("c", "failed"), ("b", "done")]
    assert read() == [("a", "done"), ("c", "failed"), ("b", "done")]
    assert stat.S_IMODE(os.stat("r.jsonl").st_mode) == 0o600
    assert os.listdir() == ["r.jsonl"]


def test_two_runs_do_not_write_one_report() -> None:
    with Report("r.jsonl") as report:
        report.begin([])
        report.add(record("a"))
        with pytest.raises(InvalidInput, match="another run is writing"):
            Report("r.jsonl")
        report.add(record("b"))
    assert read() == [("a", "done"), ("b", "done")]
    Report("r.jsonl").__exit__()
    assert read() == [("a", "done"), ("b", "done")]


def test_no_other_run_begins_while_the_last_words_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[str] = []
    replace = os.replace

    def with_another_run_beside(old: str, new: str) -> None:
        with pytest.raises(InvalidInput, match="another run is writing") as caught:
            Report("r.jsonl")
        refused.append(str(caught.value))
        replace(old, new)

    monkeypatch.setattr(os, "replace", with_another_run_beside)
    with Report("r.jsonl") as report:
        report.begin([])
        report.add(record("a", "cancelled"), provisional=True)
        report.add(record("a"))
    assert len(refused) == 1
    assert read() == [("a", "done")]


def test_a_report_that_was_replaced_as_it_was_opened_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines would be in a file that has no name any more."""
    Path("r.jsonl").write_text(json.dumps(record("a")) + "\n")

    def replaced(descriptor: int, _: int) -> None:
        Path("new").write_text(json.dumps(record("b")) + "\n")
        os.replace("new", "r.jsonl")

    monkeypatch.setattr(fcntl, "flock", replaced)
    with pytest.raises(InvalidInput, match="until now: run this one again"):
        Report("r.jsonl")
    assert read() == [("b", "done")]


def test_items_of_one_file_with_fields_of_their_own_supersede_only_themselves() -> None:
    with Report("r.jsonl") as report:
        report.begin([])
        for title in ("A", "B"):
            report.add(record("a", "cancelled") | {"listed": {"title": title}}, provisional=True)
        report.add(record("a", "failed") | {"listed": {"title": "B"}})
        report.add(record("a") | {"listed": {"title": "A"}, "media_id": "1"})
    assert read() == [("a", "failed"), ("a", "done")]


def test_a_link_is_refused_and_its_target_left_alone() -> None:
    Path("target").write_text("")
    os.symlink("target", "r.jsonl")
    os.symlink("nowhere", "dangling")
    for name in ("r.jsonl", "dangling"):
        with pytest.raises(InvalidInput, match="symbolic link"):
            Report(name)
    assert Path("target").read_text() == ""
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("content", [b"\x00\x00\x00\x18ftypmp42", b"a.mp4\nb.mp4\n", b'{"source": "a.mp4"}\n', b"\xff"])
def test_a_file_that_is_no_report_is_not_overwritten(content: bytes) -> None:
    Path("clip.mp4").write_bytes(content)
    with pytest.raises(InvalidInput, match="is no report"):
        Report("clip.mp4")
    assert Path("clip.mp4").read_bytes() == content


def test_places_that_cannot_be_written() -> None:
    Path("folder").mkdir()
    os.mkfifo("pipe")
    for name in ("folder", "pipe", "missing/r.jsonl", "/dev/null"):
        with pytest.raises(InvalidInput, match="the report"):
            Report(name)


def test_a_full_disk_is_remembered_and_stops_nothing() -> None:
    with Report("r.jsonl") as report:
        os.close(report._descriptor)
        report._descriptor = os.open("/dev/full", os.O_WRONLY)
        report.add(record("a"))
        report.add(record("b"))
        assert report.trouble
