"""The one error type of vodfast, its kinds, and how each may be retried.

Decides the vocabulary of failure: what went wrong (`ErrorKind`), whether trying again can help (`RetryClass`)
and which facts an error carries. Leaves to each cloud's `faults.py` the mapping from vendor codes to these words,
and to `transfer/retry.py` what is done about them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec


class ErrorKind(enum.Enum):
    """What went wrong, as a closed set of words that are stable in reports and in JSON."""

    INVALID_INPUT = "invalid-input"
    UNSUPPORTED = "unsupported"
    CONFIG = "config"
    AUTH = "auth"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    INTEGRITY = "integrity"
    SOURCE_CHANGED = "source-changed"
    SESSION_EXPIRED = "session-expired"
    NETWORK = "network"
    TLS = "tls"
    UNAVAILABLE = "unavailable"
    AMBIGUOUS = "ambiguous"
    CANCELLED = "cancelled"
    UNEXPECTED = "unexpected"


class RetryClass(enum.Enum):
    """Whether doing it again can help."""

    NEVER = "never"
    """The same request will fail again."""
    LATER = "later"
    """The same request may succeed after a pause."""
    RENEW = "renew"
    """Credentials or session must be renewed first, then the request may succeed."""
    SPENT = "spent"
    """It could have been retried, but the attempts or the retry budget are used up."""


E = TypeVar("E", bound="VodfastError")


class VodfastError(Exception):
    """A failure a user can meet, as one clear message plus the facts behind it.

    `message` says what happened and what to do, on one line and without secrets. `item` names the file or stream,
    `cloud`, `operation`, `status`, `code` and `request_id` say where in the vendor's service it happened, `attempts`
    how many requests were made before giving up, and `retry_after` (seconds) what the service asked for. `reached` is
    False if the request certainly never reached the service, `unsettled` True if one of the attempts may have taken
    effect although the service never said so.
    Catch a subclass for one kind of failure, or this class for all.
    """

    kind: ErrorKind = ErrorKind.UNEXPECTED

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind | None = None,
        retry: RetryClass = RetryClass.NEVER,
        cloud: str | None = None,
        operation: str | None = None,
        item: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        retry_after: float | None = None,
        reached: bool = True,
        context: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if kind is not None:
            self.kind = kind
        self.retry = retry
        self.cloud = cloud
        self.operation = operation
        self.item = item
        self.status = status
        self.code = code
        self.request_id = request_id
        self.attempts = attempts
        self.retry_after = retry_after
        self.reached = reached
        self.unsettled = False
        self.context: Mapping[str, str] = MappingProxyType(dict(context or {}))

    def __str__(self) -> str:
        """The message, then the facts in parentheses: `text (cloud ApplyUpload, code X, request id Y, 3 attempts)`."""
        where = " ".join(part for part in (self.cloud, self.operation) if part) if self.operation else ""
        facts = [
            where,
            f"status {self.status}" if self.status not in (None, 200) else "",
            f"code {self.code}" if self.code else "",
            f"request id {self.request_id}" if self.request_id else "",
            f"{self.attempts} attempts" if self.attempts > 1 else "",
        ]
        said = ", ".join(fact for fact in facts if fact)
        head = f"{self.item}: {self.message}" if self.item else self.message
        return one_line(f"{head} ({said})" if said else head)

    def __reduce__(self) -> tuple[Any, ...]:
        facts = {name: getattr(self, name) for name in _FACTS} | {"context": dict(self.context)}
        return (_rebuild, (type(self), self.message, facts), {"unsettled": self.unsettled})


_FACTS = (
    "kind", "retry", "cloud", "operation", "item", "status", "code", "request_id", "attempts", "retry_after", "reached",
)  # fmt: skip
"""What an error is made of again elsewhere, besides its context."""


def one_line(text: str) -> str:
    """Text that came from outside, fit for one line of a terminal or log: what cannot be printed is shown escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _rebuild(cls: type[VodfastError], message: str, facts: dict[str, Any]) -> VodfastError:
    return cls(message, **facts)


class InvalidInput(VodfastError, ValueError):
    """The caller's input cannot be sent: refused before the first byte moves."""

    kind = ErrorKind.INVALID_INPUT


class Unsupported(VodfastError):
    """This cloud cannot do that; the message names the nearest alternative."""

    kind = ErrorKind.UNSUPPORTED


class ConfigError(VodfastError):
    """Configuration or credentials are missing or contradict each other."""

    kind = ErrorKind.CONFIG


class CredentialsError(ConfigError):
    """Credentials are missing, incomplete or cannot be used as they are."""


class AuthError(VodfastError):
    """The service refused the credentials or the signature."""

    kind = ErrorKind.AUTH


class IntegrityError(VodfastError):
    """What the service stored is not what was sent. Nothing was committed."""

    kind = ErrorKind.INTEGRITY


class SourceChanged(VodfastError):
    """The file changed while it was uploaded. Nothing was committed."""

    kind = ErrorKind.SOURCE_CHANGED


class AmbiguousCommit(VodfastError):
    """The commit was sent, its answer was lost, and the service could not be asked what became of it."""

    kind = ErrorKind.AMBIGUOUS


class Cancelled(VodfastError):
    """The upload was cancelled; what it had started was taken back."""

    kind = ErrorKind.CANCELLED


def retold(error: VodfastError, cls: type[E], message: str, **changes: Any) -> E:
    """The same failure as an error of another class, in other words: what the service said of it stays, `changes` are
    further fields.
    """
    kept = ("cloud", "operation", "status", "code", "request_id", "attempts")
    return cls(message, **{name: getattr(error, name) for name in kept} | changes)


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as data, for results, reports and JSON. `kind` is an `ErrorKind` value."""

    kind: str
    code: str | None
    message: str
    request_id: str | None

    @classmethod
    def of(cls, error: VodfastError) -> ErrorInfo:
        return cls(kind=error.kind.value, code=error.code, message=str(error), request_id=error.request_id)
