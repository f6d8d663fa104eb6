"""What a contestant measures of itself: wall time, processor time of the whole process, peak memory above idle."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def processor_seconds() -> float:
    """User plus system time of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


class Stopwatch:
    """Started when made. `lap()` is (wall, processor) seconds since then; `peak()` bytes above the memory then."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):  # without permission the peak includes what came before
            Path("/proc/self/clear_refs").write_text("5")
        self.idle = _status("VmRSS")
        self._wall, self._processor = time.perf_counter(), processor_seconds()

    def lap(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, processor_seconds() - self._processor

    def peak(self) -> int:
        return max(0, _status("VmHWM") - self.idle)


def contend(prepare: Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]) -> None:
    """A contestant's whole life: read the job, prepare, say so, wait for the word, run, report the figures.

    `prepare(job)` does what must not be timed and returns the timed function, whose figures win over the stopwatch's.
    """
    job = json.loads(sys.stdin.readline())
    run = prepare(job)
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    watch = Stopwatch()
    figures = run()
    wall, processor = watch.lap()
    moved = job.get("bytes") or 0
    figures = {"wall": wall, "cpu": processor, "peak_memory": watch.peak()} | figures
    figures["rate"] = moved / figures["wall"]
    figures["items_per_second"] = len(job.get("files") or ()) / figures["wall"]
    print(json.dumps(figures), flush=True)
