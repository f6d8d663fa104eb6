"""Official names in this process and in those that `multiprocessing` begins anew (`spawn`, `forkserver`).

Decides that such a child learns the names before it imports the script. A forked child knows them already; of the other
processes a script may start, only the workers of pytest-xdist do (`pytest_plugin.py`). `multiprocessing` is loaded by
the script, if at all: with what it imports, it takes longer than a call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

from vodfast.compat import aliases


class _Names:
    """Part of what a child is told: reading it installs the names."""

    def __reduce__(self) -> tuple[Any, ...]:
        return install, ()


def _tell_names(spawn: ModuleType) -> None:
    told = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = told(name)
        return data | {__name__: _Names()}

    spawn.get_preparation_data = get_preparation_data  # type: ignore[attr-defined]  # a module


def _preload_nothing(forkserver: ModuleType) -> None:
    """Its server is told nothing, so it must not import the script."""
    forkserver.set_forkserver_preload([])


_CHANGES: Final[Mapping[str, Callable[[ModuleType], None]]] = {
    "multiprocessing.spawn": _tell_names,
    "multiprocessing.forkserver": _preload_nothing,
}


class _ChangeFinder:
    """Finds the modules of `_CHANGES` where they are, and has them changed when they have been loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _CHANGES else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            _CHANGES[fullname](module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # of this object only
        return spec


def install() -> None:
    """From now on, official names mean the modules here, also in child processes."""
    aliases.install()
    for name, change in _CHANGES.items():
        if name in sys.modules:
            change(sys.modules[name])
    sys.meta_path.insert(0, _ChangeFinder())
