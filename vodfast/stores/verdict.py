"""What a refusal means: from a vendor's code or a bare HTTP status to an error with kind, retry class and advice.

Decides the shape of the tables in each `faults.py`, the meaning of a bare status, how `Retry-After` is read, and what
of a vendor's text may be shown. Leaves the codes to each cloud.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from vodfast.errors import (
    AuthError,
    ConfigError,
    ErrorKind,
    IntegrityError,
    InvalidInput,
    RetryClass,
    Unsupported,
    VodfastError,
)
from vodfast.transfer.message import Response

MAX_RETRY_AFTER: Final = 86400.0
"""Seconds; a longer wish of the service is cut to this."""

_CLASSES: Final[Mapping[ErrorKind, type[VodfastError]]] = {
    ErrorKind.INVALID_INPUT: InvalidInput,
    ErrorKind.UNSUPPORTED: Unsupported,
    ErrorKind.CONFIG: ConfigError,
    ErrorKind.AUTH: AuthError,
    ErrorKind.INTEGRITY: IntegrityError,
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_CODE = re.compile(r"[A-Za-z0-9._ -]{1,128}")
_ID = re.compile(r"[A-Za-z0-9._=+/-]{1,128}")
_QUERY = re.compile(r"\?\S*=\S*")
_OPAQUE = re.compile(r"(?=[A-Za-z]*[0-9+/=_-])[A-Za-z0-9+/=_-]{24,}")


class Verdict(msgspec.Struct, frozen=True):
    """What one vendor code means: kind, whether a retry can help, and what the user can do (may be empty)."""

    kind: ErrorKind
    retry: RetryClass = RetryClass.NEVER
    advice: str = ""


UNKNOWN: Final = Verdict(ErrorKind.UNEXPECTED)
_SERVER_TROUBLE: Final = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")

_BY_STATUS: Final[Mapping[int, Verdict]] = {
    400: Verdict(ErrorKind.INVALID_INPUT),
    401: Verdict(ErrorKind.AUTH, advice="check the credentials"),
    403: Verdict(ErrorKind.AUTH, advice="check the credentials and what they may do"),
    404: Verdict(ErrorKind.NOT_FOUND),
    405: Verdict(ErrorKind.UNSUPPORTED),
    407: Verdict(ErrorKind.CONFIG, advice="the proxy wants credentials"),
    408: Verdict(ErrorKind.NETWORK, RetryClass.LATER, "try again later"),
    409: Verdict(ErrorKind.CONFLICT),
    410: Verdict(ErrorKind.NOT_FOUND),
    411: Verdict(ErrorKind.INVALID_INPUT),
    412: Verdict(ErrorKind.CONFLICT),
    413: Verdict(ErrorKind.INVALID_INPUT),
    416: Verdict(ErrorKind.INVALID_INPUT),
    425: Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later"),
    429: Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send fewer requests a second"),
    501: Verdict(ErrorKind.UNSUPPORTED),
}


def by_status(status: int) -> Verdict:
    """The meaning of a status without a known code; every 5xx but 501 is worth another try."""
    return _BY_STATUS.get(status, _SERVER_TROUBLE if 500 <= status < 600 else UNKNOWN)


def shown(text: str, limit: int = 300) -> str:
    """A vendor's text fit for a message: one line, at most `limit` characters, no URL queries, keys or tokens."""
    line = _CONTROL.sub(" ", text[: 4 * limit])
    return _OPAQUE.sub("…", _QUERY.sub("?…", line)).strip()[:limit]


def retry_after(response: Response) -> float | None:
    """Seconds the service asks to wait, from digits or from a date compared with the answer's own `Date`.

    The local clock plays no part, so a wrong one cannot turn a pause into hours. None if nothing readable was said.
    """
    text = (response.header("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER)
    from email.utils import parsedate_to_datetime  # a date is rare

    try:
        until = parsedate_to_datetime(text)
        since = parsedate_to_datetime(response.header("date") or "")
        seconds = (until - since).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def refusal(
    verdict: Verdict,
    response: Response,
    *,
    cloud: str,
    operation: str,
    service: str,
    code: str | None = None,
    message: str = "",
    request_id: str | None = None,
) -> VodfastError:
    """The error for an answer that says no: what happened, in the vendor's words where it has any, and what to do.

    Its `context` holds the vendor's words alone as `vendor_message`.
    """
    code = code if code and _CODE.fullmatch(code) else None
    said = shown(message)
    reason = said or code or f"status {response.status}"
    text = f"{service} refused {operation}: {reason}"
    if verdict.advice:
        text = f"{text.rstrip('.')}; {verdict.advice}"
    return _CLASSES.get(verdict.kind, VodfastError)(
        text,
        kind=verdict.kind,
        retry=verdict.retry,
        cloud=cloud,
        operation=operation,
        status=response.status,
        code=code,
        request_id=shown_id(request_id),
        retry_after=retry_after(response),
        context={"vendor_message": said} if said else None,
    )


def redirect(response: Response, *, cloud: str, operation: str, service: str, request_id: str | None) -> VodfastError:
    """The error for a 3xx: never followed, because it would carry credentials and body to another host.

    The service itself never saw the request, so nothing can have come of it.
    """
    try:
        host = urlsplit(response.header("location") or "").hostname
    except ValueError:
        host = None
    target = shown(host, 200) if host else "an address it does not name"
    return VodfastError(
        f"{service} answered {operation} with a redirect to {target}, which is never followed; check the endpoint",
        kind=ErrorKind.UNEXPECTED,
        cloud=cloud,
        operation=operation,
        status=response.status,
        request_id=shown_id(request_id),
        reached=False,
    )


def unreadable(
    problem: str, response: Response, *, cloud: str, operation: str, service: str, request_id: str | None = None
) -> VodfastError:
    """The error for an answer that promises success but cannot be used. As good as a lost answer, so worth a retry."""
    return VodfastError(
        f"{service} answered {operation} with something unusable: {shown(problem)}",
        kind=ErrorKind.UNEXPECTED,
        retry=RetryClass.LATER,
        cloud=cloud,
        operation=operation,
        status=response.status,
        request_id=shown_id(request_id),
    )


def shown_id(request_id: str | None) -> str | None:
    """A request id as vendors write them (up to 128 letters, digits, `._=+/-`); None for anything else."""
    return request_id if request_id and _ID.fullmatch(request_id) else None
