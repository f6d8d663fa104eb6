"""The `vodfast` command: a thin face over `vodfast.blocking.Client`.

Decides what is answered without loading anything (`--version`, `--help`). Leaves every command to its own module and
the running of commands, with their errors and exit codes, to `cli/run.py`.
"""

from __future__ import annotations

import os
import sys

from vodfast.cli.catalogue import COMPLETE_VARIABLE, PROGRAM, overview, version
from vodfast.cli.closed_pipe import give_up

TYPE_CHECKING = False  # typing itself would take half of the time `--version` may take

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (see `cli/exit_codes.py`)."""
    args = list(sys.argv[1:] if argv is None else argv)
    if not os.environ.get(COMPLETE_VARIABLE):
        if args == ["--version"]:
            return _say(f"{PROGRAM} {version()}")
        if args in (["--help"], ["-h"]):
            return _say(overview())
    try:
        from vodfast.cli.run import run

        return run(args)
    except KeyboardInterrupt:  # while all that is loaded
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return 130


def _say(text: str) -> int:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        give_up(sys.stdout)
    except OSError as error:
        give_up(sys.stdout)
        print(f"{PROGRAM}: the output cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0
