"""Modules of the vendors' packages that have no stand-in, for scripts that use more of a package than uploads.

Decides whether one is installed, and that it is loaded among the vendor's other modules, as if there were no stand-in:
the stand-ins have the vendor's names, not its insides. Leaves to `aliases.py` when this is called for.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_loaded: dict[str, ModuleType] = {}
"""The vendors' modules by name, while the stand-ins go by these names in `sys.modules`."""
_stepped_back: set[str] = set()
_asking = threading.Lock()
_asked_for: dict[str, ModuleType] = {}


def installed(name: str) -> ModuleSpec | None:
    """The vendor's module on `sys.path`, whatever is in `sys.modules`."""
    return below("", name, None)


def below(parent: str, rest: str, locations: Sequence[str] | None) -> ModuleSpec | None:
    """The module `rest` of the package `parent`, which is in these folders (None: `sys.path`). Imports nothing."""
    found, name = None, parent
    for part in rest.split("."):
        name = f"{name}.{part}" if name else part
        found = PathFinder.find_spec(name, locations)
        if found is None:
            return None
        locations = found.submodule_search_locations or ()
    return found


def in_charge(top: str) -> bool:
    """Whether names of this package are the vendor's at the moment, because one of its modules is being loaded."""
    return top in _stepped_back


def module(name: str) -> ModuleType | None:
    """The vendor's module, for a stand-in that needs it: loaded once, because others do not find their way meanwhile.
    None if it is not installed.

    Raises:
        Exception: whatever the module raises.
    """
    with _asking:
        if name not in _asked_for:
            held = sys.modules.get(name)
            if held is not None and held.__name__ == name:
                _asked_for[name] = held
            elif installed(name):
                _asked_for[name] = load(name)
        return _asked_for.get(name)


def load(name: str) -> ModuleType:
    """The vendor's module.

    Raises:
        Exception: whatever the module raises.
    """
    with _among_its_own(name.partition(".")[0]):
        return importlib.import_module(name)


@contextlib.contextmanager
def _among_its_own(top: str) -> Iterator[None]:
    ours = _taken_out(top)
    sys.modules.update(_loaded)
    _stepped_back.add(top)
    try:
        yield
    finally:
        _stepped_back.remove(top)
        _loaded.update(_taken_out(top))
        sys.modules.update(ours)


def _taken_out(top: str) -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == top or name.startswith(f"{top}.")]
    return {name: sys.modules.pop(name) for name in names}
