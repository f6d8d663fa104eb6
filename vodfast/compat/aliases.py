"""The import hook: official names lead to the modules of `vodfast.compat`.

Decides that both names are one module, so that classes and exceptions are the same however they were imported, and what
is said of a name that leads nowhere. Leaves the names themselves to the tables of the package, and modules that have no
stand-in to `vendors.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

from vodfast.compat import STAND_INS, SUBSTITUTES, vendors

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # the import system asks for the methods only, and that module loads archives and more


class _Alias(Loader):
    """Loads a module by giving out another one that has been imported."""

    def __init__(self, get: Callable[[], ModuleType]) -> None:
        self._get = get
        self._own: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002  # the import system passes it
        module = self._get()
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has been executed already; only the name it goes by is put right again."""
        module.__spec__ = self._own


class AliasFinder:
    """Finds the modules below some top-level names in the packages that stand in for them."""

    def __init__(self, packages: Mapping[str, str]) -> None:
        self._packages = packages

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the import system passes it
        target: ModuleType | None = None,  # noqa: ARG002  # likewise
    ) -> ModuleSpec | None:
        """The module's, None if the name is none of ours.

        Raises:
            ModuleNotFoundError: neither the stand-in nor an installed package has it; with what the stand-in has.
        """
        top, dot, rest = fullname.partition(".")
        if top not in self._packages or vendors.in_charge(top):
            return None
        own = self._packages[top]
        name = f"{own}{dot}{rest}"
        found = _module_of(own, rest) if rest else importlib.util.find_spec(own)
        if found is not None:
            return _spec(fullname, found, partial(importlib.import_module, name))
        if getattr(sys.modules.get(top), "__name__", None) != own:
            return None
        vendor = vendors.installed(fullname)
        if vendor is None:
            raise _missing(fullname, name)
        return _spec(fullname, vendor, partial(vendors.load, fullname))


class _BelowFinder(AliasFinder):
    """Finds what lies below a package that came from here: by that package's path, it would become a second module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent = sys.modules.get(fullname.rpartition(".")[0])
        ours = parent is not None and parent.__name__.startswith(f"{__package__}.")
        return super().find_spec(fullname, path, target) if ours else None


class _Beside:
    """`from PACKAGE import MODULE` asks for the module by the stand-in's own name: this finds those that the official
    name finds.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the import system passes it
        target: ModuleType | None = None,  # noqa: ARG002  # likewise
    ) -> ModuleSpec | None:
        official = fullname.removeprefix(f"{__package__}.")
        if official == fullname or official.partition(".")[0] not in STAND_INS:
            return None
        vendor = vendors.installed(official)
        return vendor and _spec(fullname, vendor, partial(importlib.import_module, official))


def _spec(name: str, found: ModuleSpec, get: Callable[[], ModuleType]) -> ModuleSpec:
    package = found.submodule_search_locations is not None
    return ModuleSpec(name, _Alias(get), origin=found.origin, is_package=package)


def _module_of(package: str, rest: str) -> ModuleSpec | None:
    """The module of a stand-in, and not the vendor's that may go by its name as well."""
    name = f"{package}.{rest}"
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded.__spec__ if loaded.__name__ == name else None
    return vendors.below(package, rest, importlib.import_module(package).__path__)


def _missing(fullname: str, name: str) -> ModuleNotFoundError:
    package = sys.modules.get(name.rpartition(".")[0])  # None if that is the vendor's, too
    known = ", ".join(module.name for module in pkgutil.iter_modules(package.__path__)) if package else ""
    here = f"vodfast's {fullname.rpartition('.')[0]!r} has {known}; others come" if known else "it comes"
    said = f"No module named {fullname!r}: {here} from the vendor's package, if that is installed"
    return ModuleNotFoundError(said, name=fullname)


def install() -> None:
    """From now on, official names mean the modules here. Modules imported before keep their meaning."""
    sys.meta_path[:0] = [AliasFinder(STAND_INS), _BelowFinder(SUBSTITUTES)]
    sys.meta_path += [AliasFinder(SUBSTITUTES), _Beside()]
