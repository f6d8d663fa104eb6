"""Official names in this process and in those that `multiprocessing` begins anew (`spawn`, `forkserver`).

Decides that such a child learns the names before it imports the script. A forked child knows them already; of the other
processes a script may start, only the workers of pytest-xdist do (`pytest_plugin.py`).
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import spawn
from typing import Any

from vodfast.compat import aliases


class _Names:
    """Part of what a child is told: reading it installs the names."""

    def __reduce__(self) -> tuple[Any, ...]:
        return install, ()


def install() -> None:
    """From now on, official names mean the modules here, also in child processes."""
    aliases.install()
    told = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        return told(name) | {__name__: _Names()}

    spawn.get_preparation_data = get_preparation_data
    multiprocessing.set_forkserver_preload([])  # its server is told nothing, so it must not import the script
