"""What the stand-in raises, where the vendor's package raises a bare `Exception`.

Decides texts that scripts match on, the facts that go with them, and which exception of `requests` a failure is as
well: the vendor's package lets those through where the service is not reached.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any, Final

from vodfast.errors import ConfigError, ErrorKind, InvalidInput, RetryClass, VodfastError

NO_FILE: Final = "no such file on file path"
UPLOAD_FAILED: Final = "upload failed"
INVALID: Final = "InvalidParameter"
MISSING: Final = "MissingParameter"
_UNREACHED: Final = {
    ErrorKind.NETWORK: ("ConnectionError",),
    ErrorKind.TLS: ("SSLError",),
    ErrorKind.AMBIGUOUS: ("ConnectionError",),
}
_REQUESTS: Final = "requests.exceptions"
_BARE: Final = ("builtins", ("OSError",))
"""What those of `requests` are, where a script has not loaded it."""
_TIMED_OUT: Final = ("ConnectTimeout", "ReadTimeout")
"""Either, because it is not told how far it came."""
_STALLED: Final = "(curl 28)"
_GATEWAY: Final = ("DirectUpload", "InitUpload", "UploadPart", "MergeParts")


class VodError(Exception):
    """A call that failed. Its one argument is what the vendor's package says, mostly the service's code, and so is its
    text, which scripts compare. What vodfast refuses by itself (`own`) has the reason in its text as well.

    `code`, `message` and `request_id` are the service's, `operation` says at which step it was, and `retryable` whether
    the same call may work later. `__cause__` is vodfast's own error.
    """

    def __init__(
        self,
        said: str,
        detail: str = "",
        *,
        code: str = "",
        request_id: str = "",
        operation: str = "",
        retryable: bool = False,
        own: bool = False,
    ) -> None:
        super().__init__(said)
        self.code = code
        self.message = detail or said
        self.request_id = request_id
        self.operation = operation
        self.retryable = retryable
        self._own = own

    def __str__(self) -> str:
        said = str(self.args[0])
        return f"{said}: {self.message}" if self._own else said

    @property
    def log_id(self) -> str:
        """The id to quote to the vendor: that of the request."""
        return self.request_id


def translated(error: VodfastError) -> VodError:
    """The same failure in the words scripts know. What vodfast refuses has the code the service would give it."""
    operation = error.operation or ""
    code = error.code or (INVALID if isinstance(error, InvalidInput) else "")
    if operation in _GATEWAY or operation.startswith("Vpc"):
        said = UPLOAD_FAILED
    elif isinstance(error, InvalidInput) and error.kind is ErrorKind.NOT_FOUND:
        said = NO_FILE
    elif isinstance(error, ConfigError) and error.message.startswith("place "):
        said = code = MISSING
    else:
        said = code
    kind = VodError if said else _kind_of(error)
    return kind(
        said or error.message,
        error.message,
        code=code,
        request_id=error.request_id or "",
        operation=operation,
        retryable=error.retry in (RetryClass.LATER, RetryClass.SPENT),
        own=bool(said) and error.status is None and isinstance(error, (InvalidInput, ConfigError)),
    )


def _kind_of(error: VodfastError) -> type[VodError]:
    """A script's `except` clauses for a service that is not reached hold: for exceptions of `requests`, where it has
    that loaded, and for `OSError`, which those are.
    """
    if error.status is not None or error.kind not in _UNREACHED:
        return VodError
    if _REQUESTS not in sys.modules:
        return _also(*_BARE)
    return _also(_REQUESTS, _TIMED_OUT if _STALLED in error.message else _UNREACHED[error.kind])


@functools.cache
def _also(module: str, names: tuple[str, ...]) -> type[VodError]:
    """A `VodError` that is these exceptions of a module, too; it travels between processes by their names."""
    others = (getattr(importlib.import_module(module), name) for name in names)
    own = {"__reduce__": lambda error: (_again, (module, names, error.args, vars(error))), "__module__": __name__}
    return type(VodError.__name__, (VodError, *others), own)


def _again(module: str, names: tuple[str, ...], args: tuple[Any, ...], facts: dict[str, Any]) -> VodError:
    try:
        made = _also(module, names)(*args)
    except ImportError:
        made = _also(*_BARE)(*args)
    vars(made).update(facts)
    return made
