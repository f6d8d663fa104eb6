"""How long one import takes in a process that has imported nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from bench.stopwatch import contend


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    timed = f"import time; t = time.perf_counter(); import {job['options']['module']}; print(time.perf_counter() - t)"

    def run() -> dict[str, Any]:
        return {"wall": float(subprocess.check_output([sys.executable, "-c", timed]))}

    return run


if __name__ == "__main__":
    contend(prepare)
