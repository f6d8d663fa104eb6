"""vodfast moves media into video-on-demand clouds at the speed of the wire, exactly once.

`Client` blocks, `AsyncClient` awaits; both speak every cloud. Names are loaded on first use, so importing costs little.

PYTEST_DONT_REWRITE: pytest need not warn that `python -m vodfast.compat -m pytest` has imported this before it began.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import that would triple the time of `vodfast --version`

if TYPE_CHECKING:
    from typing import Any

    from vodfast.blocking import Client
    from vodfast.client import AsyncClient
    from vodfast.config import Route, TransferConfig, parse_route
    from vodfast.credentials import Credentials, Secret
    from vodfast.errors import (
        AmbiguousCommit,
        AuthError,
        Cancelled,
        ConfigError,
        CredentialsError,
        ErrorInfo,
        ErrorKind,
        IntegrityError,
        InvalidInput,
        RetryClass,
        SourceChanged,
        Unsupported,
        VodfastError,
    )
    from vodfast.events import Progress, Retried, UploadEnded, UploadStarted
    from vodfast.items import UploadItem, UploadResult
    from vodfast.providers.contract import JobRecord, MediaInfo, PullItem, PullTicket, Registered, RegisterItem

__version__ = "0.1.0"

_HOMES = {
    "vodfast.blocking": ("Client",),
    "vodfast.client": ("AsyncClient",),
    "vodfast.config": ("Route", "TransferConfig", "parse_route"),
    "vodfast.credentials": ("Credentials", "Secret"),
    "vodfast.errors": (
        "AmbiguousCommit",
        "AuthError",
        "Cancelled",
        "ConfigError",
        "CredentialsError",
        "ErrorInfo",
        "ErrorKind",
        "IntegrityError",
        "InvalidInput",
        "RetryClass",
        "SourceChanged",
        "Unsupported",
        "VodfastError",
    ),
    "vodfast.events": ("Progress", "Retried", "UploadEnded", "UploadStarted"),
    "vodfast.items": ("UploadItem", "UploadResult"),
    "vodfast.providers.contract": (
        "JobRecord",
        "MediaInfo",
        "PullItem",
        "PullTicket",
        "RegisterItem",
        "Registered",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AmbiguousCommit",
    "AsyncClient",
    "AuthError",
    "Cancelled",
    "Client",
    "ConfigError",
    "Credentials",
    "CredentialsError",
    "ErrorInfo",
    "ErrorKind",
    "IntegrityError",
    "InvalidInput",
    "JobRecord",
    "MediaInfo",
    "Progress",
    "PullItem",
    "PullTicket",
    "RegisterItem",
    "Registered",
    "Retried",
    "RetryClass",
    "Route",
    "Secret",
    "SourceChanged",
    "TransferConfig",
    "Unsupported",
    "UploadEnded",
    "UploadItem",
    "UploadResult",
    "UploadStarted",
    "VodfastError",
    "parse_route",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'vodfast' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
