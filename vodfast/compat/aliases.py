"""The import hook: official names lead to the modules of `vodfast.compat`.

Decides that both names are one module, so that classes and exceptions are the same however they were imported. Leaves
the names themselves to the tables of the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from vodfast.compat import STAND_INS, SUBSTITUTES


class _Alias(Loader):
    """Loads a module by giving out another one that has been imported."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._own: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002  # the import system passes it
        module = importlib.import_module(self._target)
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has been executed already; only the name it goes by is put right again."""
        module.__spec__ = self._own


class AliasFinder(MetaPathFinder):
    """Finds the modules below some top-level names in the packages that stand in for them."""

    def __init__(self, packages: Mapping[str, str]) -> None:
        self._packages = packages

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the import system passes it
        target: ModuleType | None = None,  # noqa: ARG002  # likewise
    ) -> ModuleSpec | None:
        top, dot, rest = fullname.partition(".")
        if top not in self._packages:
            return None
        name = f"{self._packages[top]}{dot}{rest}"
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            return None
        if found is None:
            return None
        return ModuleSpec(
            fullname, _Alias(name), origin=found.origin, is_package=found.submodule_search_locations is not None
        )


def install() -> None:
    """From now on, official names mean the modules here. Modules imported before keep their meaning."""
    sys.meta_path.insert(0, AliasFinder(STAND_INS))
    sys.meta_path.append(AliasFinder(SUBSTITUTES))
