"""A standard stream that nobody reads any more.

Decides that what is still to come goes nowhere: the interpreter would complain when it flushes at the end.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself would take half of the time `--version` may take

if TYPE_CHECKING:
    from typing import TextIO


def give_up(stream: TextIO) -> None:
    """Let a stream lead to nowhere from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
