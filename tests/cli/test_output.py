"""The sinks by themselves: thinning of progress, a slow reader, the summary, the live bars."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from vodfast.cli.output import REPEATED_FAILURES, JsonLines, Ledger, Stdout, Words, failure_line
from vodfast.cli.progress import LiveBars, live_bars
from vodfast.errors import ErrorInfo
from vodfast.events import Progress, UploadEnded, UploadStarted
from vodfast.items import UploadResult


class Recorded(Stdout):
    """Keeps what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def write(self, record: Any, indent: int | None = None) -> None:
        self.records.append(record)


def result(source: str, state: str = "done", message: str = "why", size: int = 10) -> UploadResult:
    error = None if state == "done" else ErrorInfo(kind="network", code=None, message=message, request_id=None)
    return UploadResult(source=source, cloud="tencent", state=state, bytes=size, error=error)


def test_progress_is_thinned_out_per_item_and_ends_at_the_total() -> None:
    clock: Iterator[float] = iter(number * 0.1 for number in range(100))
    stdout = Recorded()
    lines = JsonLines(stdout, now=lambda: next(clock))
    for done in range(1, 11):
        for item in ("a", "b"):
            lines.event(Progress(item=item, done=done, total=10))
    lines.event(UploadEnded(item="a", state="done", media_id="1", error=None))
    lines.result(result("a"))
    lines.close()
    for item in ("a", "b"):
        told = [
            record["done"] for record in stdout.records if record.get("item") == item and record["type"] == "progress"
        ]
        assert told[0] == 1
        assert told[-1] == 10
        assert len(told) < 10
    assert [record["type"] for record in stdout.records[-2:]] == ["ended", "result"]


def test_a_full_stdout_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=Full()))
    stdout = Stdout()
    stdout.write({"a": 1})
    stdout.write({"a": 2})
    assert stdout.trouble == "No space left on device"


def test_the_summary_repeats_failures_but_not_without_end(capfd: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger()
    ledger.add(result("good.mp4", size=2048))
    for number in range(REPEATED_FAILURES + 3):
        ledger.add(result(f"{number}.mp4", "failed"))
    Words(quiet=False).summary(ledger, settled=4, seconds=2.0)
    said = capfd.readouterr().err.splitlines()
    assert said[0] == f"1 done, {REPEATED_FAILURES + 3} failed, 4 done before: 2.0 KiB in 2.0 s (1.0 KiB/s)"
    assert said[1] == "failed  0.mp4: why"
    assert said[-1].startswith("... and 3 more")
    Words(quiet=True).summary(ledger, settled=4, seconds=2.0)
    assert capfd.readouterr().err == ""


def test_a_failure_names_its_item_once() -> None:
    assert failure_line(result("a.mp4", "failed", "a.mp4: no such file")) == "failed  a.mp4: no such file"
    assert failure_line(result("a\x1b.mp4", "failed", "b")) == r"failed  a\x1b.mp4: b"


def test_bars_follow_events() -> None:
    console_module = pytest.importorskip("rich.console")
    progress_module = pytest.importorskip("rich.progress")
    screen = io.StringIO()
    console = console_module.Console(file=screen, force_terminal=True, width=100, color_system=None)
    bars = LiveBars(progress_module.Progress(console=console, auto_refresh=False), total=30)
    for number in range(30):
        bars.event(UploadStarted(item=f"[red]{number}.mp4", size=10))
        bars.event(Progress(item=f"[red]{number}.mp4", done=5, total=10))
    tasks = bars._bars.tasks
    assert len(tasks) < 30
    assert tasks[0].completed == 150
    for number in range(30):
        bars.event(Progress(item=f"[red]{number}.mp4", done=10, total=10))
        bars.event(UploadEnded(item=f"[red]{number}.mp4", state="done", media_id=None, error=None))
    bars.line("done  [bold]x[/bold]")
    bars.close()
    assert len(bars._bars.tasks) == 1
    assert bars._bars.tasks[0].completed == 300
    assert "30/30" in bars._bars.tasks[0].description
    assert "done  [bold]x[/bold]" in screen.getvalue()


def test_no_bars_without_a_terminal_or_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_bars(1, quiet=False, stdout_used=False) is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert live_bars(1, quiet=False, stdout_used=False) is None
    monkeypatch.setenv("TERM", "xterm")
    assert live_bars(1, quiet=True, stdout_used=False) is None
    assert live_bars(1, quiet=False, stdout_used=True) is None
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert live_bars(1, quiet=False, stdout_used=False) is None


def test_results_are_json_of_the_stable_schema() -> None:
    stdout = Recorded()
    lines = JsonLines(stdout)
    lines.result(result("a", "failed"))
    lines.close()
    [record] = json.loads(json.dumps(stdout.records))
    assert record["type"] == "result"
    assert record["error"] == {"kind": "network", "code": None, "message": "why", "request_id": None}
