"""Tests as the pages name them: `tests/folder/test_file.py::test_name`."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


def exists(test: str) -> bool:
    """Whether a page's name of a test is that of one."""
    match = _TEST.fullmatch(test)
    return match is not None and bool(
        re.search(rf"^(async )?def {match[2]}\(", (ROOT / match[1]).read_text(), re.MULTILINE)
    )
