"""Results as a table for people and as JSON for later: figures, versions and facts about the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import ssl
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from bench.run import Outcome, Verdict

_PACKAGES = ("vodfast", "pycurl", "uvloop", "msgspec", "fastcrc", "vod-python-sdk", "cos-python-sdk-v5", "requests")
_UNITS = {"rate": "MB/s", "memory": "MB", "wall": "s", "cpu": "s", "second": "/s"}


def facts() -> dict[str, Any]:
    """Versions and machine, as far as they bear on speed."""
    import pycurl  # a plain `--help` needs no libcurl

    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "absent"
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    return {
        "versions": versions | {"libcurl": pycurl.version_info()[1], "openssl": ssl.OPENSSL_VERSION},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": models[0] if models else platform.processor(),
        "processors": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }


def as_json(outcomes: dict[str, Outcome]) -> bytes:
    """Everything measured, indented."""
    return msgspec.json.format(msgspec.json.encode({"facts": facts(), "contests": outcomes})) + b"\n"


def table(outcomes: dict[str, Outcome]) -> str:
    """One line per bar: contest, figure, both sides, the ratio or value with its spread, the bar, the verdict."""
    rows = [("contest", "figure", "measured (lowest..highest)", "bar", "")]
    for name, outcome in outcomes.items():
        if outcome.skipped:
            rows.append((name, "-", "skipped", outcome.skipped, ""))
        rows.extend((name, *_row(verdict)) for verdict in outcome.verdicts)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _row(verdict: Verdict) -> tuple[str, str, str, str]:
    bar = verdict.bar
    ratio = bar.over is not None
    what = f"{bar.figure}: {bar.of}" + (f" / {bar.over}" if ratio else f" - {bar.less}" if bar.less else "")
    shown = [_shown(bar.figure, value, ratio) for value in (verdict.value, verdict.lowest, verdict.highest)]
    bounds = ((">=", bar.at_least), ("<=", bar.at_most))
    demand = " and ".join(f"{sign} {_shown(bar.figure, limit, ratio)}" for sign, limit in bounds if limit is not None)
    return what, f"{shown[0]} ({shown[1]}..{shown[2]})", demand, "met" if verdict.met else "MISSED"


def _shown(figure: str, value: float, ratio: bool) -> str:
    if ratio:
        return f"{value:.2f}x"
    unit = next((unit for part, unit in _UNITS.items() if part in figure), "")
    scaled = value / 1e6 if unit.startswith("MB") else value
    return f"{scaled:.4g} {unit}".strip()


def medians(outcomes: Iterable[Outcome]) -> str:
    """One line per entry with the medians of its main figures, so that a ratio can be traced to its sides."""
    lines = []
    for outcome in outcomes:
        for entry, runs in outcome.runs.items():
            names = [name for name in runs[0] if any(run[name] for run in runs)]
            said = ", ".join(
                f"{name} {_shown(name, statistics.median(run[name] for run in runs), ratio=False)}" for name in names
            )
            lines.append(f"{outcome.title} | {entry} ({len(runs)} runs): {said}")
    return "\n".join(lines)
