"""Calls of `VodService` that are no uploads, and their messages: the stand-in has none of them.

Decides that they are the vendor's own, where its package is installed, and that such a call has the settings of the
object it was asked of. Leaves to `VodServiceConfig.py` what is said where there is none.
"""

from __future__ import annotations

import sys
import weakref
from contextlib import suppress
from typing import Any, Final

from vodfast.compat import vendors
from vodfast.compat.clients import environment_config
from vodfast.compat.volcengine.messages import exported

_PREFIX: Final = "vodfast.compat."
_SERVICE: Final = "volcengine.vod.VodService"
_theirs: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
"""The vendor's object behind each of ours, so that its connections are kept."""


def message(module: str, name: str) -> Any:
    """What the vendor's module has and that of a stand-in lacks. `__all__` is what both have: a script that imports
    everything may want either.

    Raises:
        AttributeError: neither has it, or the vendor's is not installed.
    """
    if name == "__all__":
        return [*dict.fromkeys([*exported(vars(sys.modules[module])), *names(module)])]
    theirs = None if name.startswith("_") else vendors.module(module.removeprefix(_PREFIX))
    if theirs is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return getattr(theirs, name)


def names(module: str) -> list[str]:
    """What the vendor's module has, none where it is not installed."""
    with suppress(Exception):  # of a package that cannot be loaded: as if there were none
        return [one for one in dir(vendors.module(module.removeprefix(_PREFIX))) if not one.startswith("_")]
    return []


def method(service: Any, name: str) -> Any:
    """A method of the vendor's service, for an object with settings in `service_info`; None if there is none, or an
    emulator in place of the service.
    """
    route = environment_config().route
    if name.startswith("_") or (route is not None and route.emulator):
        return None
    kind = getattr(vendors.module(_SERVICE), "VodService", None)
    if kind is None or not callable(getattr(kind, name, None)):
        return None
    if service not in _theirs:
        made = object.__new__(kind)  # its constructor gives out one object for all
        made.__init__()
        _theirs[service] = made
    _theirs[service].service_info = service.service_info
    return getattr(_theirs[service], name)
