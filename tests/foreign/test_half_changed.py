"""A script that has the vendors' requests, policies and credentials, and makes its calls with the stand-ins."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from vodfast.emulator import Emulator

SCRIPT = Path(__file__).parent / "scripts" / "half_changed.py"
EVERYTHING = ["True", "True", "True", "STS2 {'Name': 'GetMeta'}", 'b\'{"VideoId":"\'', 'b\'{"VideoId":"\'',
              "InvalidSecurityToken.MismatchWithAccessKey", "32"]  # fmt: skip


def test_one_import_line_is_enough(emulator: Emulator, sample: Callable[[str, int], Path], tmp_path: Path) -> None:
    keys = [emulator.env[f"ALIBABA_CLOUD_ACCESS_KEY_{part}"] for part in ("ID", "SECRET")]
    path = sample("clip.mp4", 3000)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "VODFAST_EMULATOR": emulator.endpoint}
    command = [sys.executable, "-W", "ignore", str(SCRIPT), "demo", str(path), *keys]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == EVERYTHING
    assert sorted(media["cloud"] for media in emulator.media() if media["objects"]) == ["aliyun", "volcengine"]
