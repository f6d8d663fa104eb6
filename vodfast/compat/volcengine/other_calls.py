"""Calls of `VodService` that are no uploads, and their messages: the stand-in has none of them.

Decides that they are the vendor's own, where its package is installed, and that such a call has the settings of the
object it was asked of. Leaves to `VodServiceConfig.py` what is said where there is none.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

from vodfast.compat import vendors
from vodfast.compat.clients import environment_config

_PREFIX: Final = "vodfast.compat."
_SERVICE: Final = "volcengine.vod.VodService"
_theirs: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
"""The vendor's object behind each of ours, so that its connections are kept."""


def message(module: str, name: str) -> Any:
    """What the vendor's module of that name has.

    Raises:
        AttributeError: nothing, or it is not installed.
    """
    official = module.removeprefix(_PREFIX)
    if name.startswith("_") or vendors.installed(official) is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return getattr(vendors.module(official), name)


def method(service: Any, name: str) -> Any:
    """A method of the vendor's service, for an object with settings in `service_info`; None if there is none, or an
    emulator in place of the service.
    """
    route = environment_config().route
    if name.startswith("_") or vendors.installed(_SERVICE) is None or (route is not None and route.emulator):
        return None
    kind = vendors.module(_SERVICE).VodService
    if not callable(getattr(kind, name, None)):
        return None
    if service not in _theirs:
        made = object.__new__(kind)  # its constructor gives out one object for all
        made.__init__()
        _theirs[service] = made
    _theirs[service].service_info = service.service_info
    return getattr(_theirs[service], name)
