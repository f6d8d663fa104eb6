"""A script of `bench.one_file`, from the start of its process to the end: on the vendor's package, unmodified, or with
`stand_in` run by `python -m vodfast.compat`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.scripts import reach, with_stand_in
from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials

FOLDER = Path(__file__).parents[1] / "one_file"


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    cloud = job["options"]["cloud"]
    keys = emulator_credentials(cloud)
    reach(job)
    os.environ |= {"ACCESS_KEY": keys.access_key, "SECRET_KEY": keys.secret_key.reveal()}
    names = job["endpoint"] if job["options"].get("direct", False) else ""
    run_by = ["vodfast.compat"] if with_stand_in(job) else ["bench.one_file", job["ca"], names]
    [file] = job["files"]
    command = [sys.executable, "-W", "ignore", "-m", *run_by, str(FOLDER / f"{cloud}.py"), file]

    def run() -> dict[str, Any]:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {"cpu": used.ru_utime + used.ru_stime}

    return run


if __name__ == "__main__":
    contend(prepare)
