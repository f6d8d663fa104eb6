"""Runs one contest: fresh processes in turns (A B A B ...), bytes verified before a time counts, paired ratios.

Decides the order of runs and how a figure is summed up. Leaves what is moved to the workload and the table to
`report.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from bench.server import Server
from bench.workloads import Bar, Entry, MadeFile, Workload, make_files

try:
    import certifi
except ImportError:  # it comes with the vendor's SDK
    certifi = None

_NEEDS = {
    "aliyun_upload": "voduploadsdk",
    "netease_vod": "requests",
    "one_file": "certifi",
    "tencent_vod": "qcloud_vod",
    "volcengine_vod": "volcengine",
}
"""The package a contestant cannot do without."""

Run = dict[str, float]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One bar with what was measured: the median over runs, of ratios taken pair by pair where there are two sides."""

    bar: Bar
    value: float
    lowest: float
    highest: float
    met: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A finished contest. `runs` are all figures of every run by entry; `skipped` says why it did not take place."""

    title: str
    runs: dict[str, list[Run]] = {}
    verdicts: list[Verdict] = []
    skipped: str | None = None


class ContestantFailed(Exception):
    """A contestant ended without figures, or the server does not hold what it claims to have sent."""


def hold(workload: Workload, folder: Path, runs: int | None, tell: Callable[[str], None]) -> Outcome:
    """Run a contest in `folder` (which keeps the files made for the next one) and judge its bars.

    Raises:
        ContestantFailed: naming the contestant.
    """
    for entry in workload.entries:
        needed = _NEEDS.get(entry.contestant)
        if needed is not None and not _importable(needed):
            return Outcome(title=workload.title, skipped=f"{needed} is not installed: run `make contests`")
    figures: dict[str, list[Run]] = {entry.name: [] for entry in workload.entries}
    files = {
        entry.name: make_files(entry.files, folder) if entry.files is not None else [] for entry in workload.entries
    }
    with ExitStack() as stack:
        server = stack.enter_context(Server(_plain(workload.server))) if workload.scheme else None
        for number in range(runs or workload.runs):
            for entry in workload.entries:
                run = _run(entry, files[entry.name], workload.scheme, server, folder)
                figures[entry.name].append(run)
                tell(f"  run {number + 1} {entry.name}: {_told(run)}")
    return Outcome(title=workload.title, runs=figures, verdicts=[_judge(bar, figures) for bar in workload.bars])


def _run(entry: Entry, files: list[MadeFile], scheme: str | None, server: Server | None, folder: Path) -> Run:
    job = {
        "files": [file.path for file in files],
        "bytes": sum(file.size for file in files),
        "scheme": scheme,
        "endpoint": server.endpoint if server else None,
        "ca": _trusted(server.ca, folder) if server else None,
        "options": _plain(entry.options),
    }
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"bench.contestants.{entry.contestant}"],
        env=os.environ | {"VODFAST_STATE_DIR": str(folder / "state")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = []
        try:
            for said in (json.dumps(job), "go"):
                process.stdin.write(said + "\n")
                process.stdin.flush()
                lines.append(process.stdout.readline())
        except BrokenPipeError:
            lines.append("")
    if process.returncode != 0 or not lines[-1]:
        raise ContestantFailed(f"{entry.name} ended with status {process.returncode} and no figures")
    if server is not None:
        if not server.holds(files, members=entry.files is not None and entry.files.playlist):
            raise ContestantFailed(f"{entry.name}: the server does not hold exactly the bytes of the files")
        server.reset()
    run: Run = json.loads(lines[-1])
    return run


def _trusted(ca: str, folder: Path) -> str:
    """One bundle for all contestants, as large as in production: reading it is part of the work of a TLS client."""
    bundle = folder / "bundle.pem"
    public = Path(certifi.where()).read_bytes() if certifi is not None else b""
    bundle.write_bytes(public + b"\n" + Path(ca).read_bytes())
    return str(bundle)


def _judge(bar: Bar, figures: dict[str, list[Run]]) -> Verdict:
    values = [run[bar.figure] for run in figures[bar.of]]
    if bar.over is not None:
        values = [value / run[bar.figure] for value, run in zip(values, figures[bar.over])]
    if bar.less is not None:
        values = [value - run[bar.figure] for value, run in zip(values, figures[bar.less])]
    value = statistics.median(values)
    return Verdict(bar=bar, value=value, lowest=min(values), highest=max(values), met=bar.met(value))


def _plain(options: dict[str, msgspec.Raw]) -> dict[str, Any]:
    return {name: msgspec.json.decode(raw) for name, raw in options.items()}


def _told(run: Run) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in run.items() if value)


def _importable(module: str) -> bool:
    probe = [sys.executable, "-c", f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({module!r}))"]
    return subprocess.run(probe, check=False).returncode == 0
