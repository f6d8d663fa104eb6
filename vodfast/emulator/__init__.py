"""Four clouds on loopback that check every signature.

`Emulator` runs one inside this process. It loads on first use, because the pytest plugin imports this package in every
test run of every project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vodfast.emulator.inprocess import Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from vodfast.emulator import inprocess

        return getattr(inprocess, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
