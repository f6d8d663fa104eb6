"""What Volcengine VOD means by its error codes.

Decides kind, retry class and advice for each code of section 10 of the protocol notes; an unknown one is judged by its
family (`InvalidParameter.X`), then by the HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.providers.volcengine.wire import ErrorBody
from vodfast.stores.verdict import UNKNOWN, Verdict, by_status, redirect, refusal, unreadable
from vodfast.transfer.message import Response

SERVICE: Final = "Volcengine VOD"

_INPUT = Verdict(ErrorKind.INVALID_INPUT)
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
_KEYS = Verdict(ErrorKind.AUTH, advice="check the access key and its secret")
_RIGHTS = Verdict(ErrorKind.AUTH, advice="the key or token may not do this, grant it the right")
_UNSUPPORTED = Verdict(ErrorKind.UNSUPPORTED, advice="check region, endpoint and API version")
_QUOTA = Verdict(ErrorKind.THROTTLED, advice="a quota of the account is used up, have it raised")

CODES: Final[Mapping[str, Verdict]] = {
    "AccessDenied": _RIGHTS,
    "Busy": _LATER,
    "FailedOperation": Verdict(ErrorKind.UNEXPECTED),
    "FailToConnect": _LATER,
    "InternalError": _LATER,
    "InternalServiceTimeout": _LATER,
    "InvalidAccessKey": _KEYS,
    "InvalidAction": _UNSUPPORTED,
    "InvalidActionOrVersion": _UNSUPPORTED,
    "InvalidAuthorization": _KEYS,
    "InvalidCredential": _KEYS,
    "InvalidDomain": _INPUT,
    "InvalidParameter": _INPUT,
    "InvalidSecretToken": Verdict(
        ErrorKind.AUTH, RetryClass.RENEW, "the temporary credentials are invalid or expired, get new ones"
    ),
    "InvalidTimestamp": Verdict(ErrorKind.AUTH, advice="the local clock is more than 15 minutes wrong, set it"),
    "InvalidVersion": _UNSUPPORTED,
    "LackPolicy": _RIGHTS,
    "MissingAuthenticationToken": _KEYS,
    "MissingParameter": _INPUT,
    "MissingRequestInfo": _INPUT,
    "MissingSignature": _KEYS,
    "OperationDenied": _RIGHTS,
    "QuotaInsufficient": _QUOTA,
    "RequestForbidden": _RIGHTS,
    "RequestLimitExceeded": Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send fewer calls a second"),
    "ResourceInsufficient": _QUOTA,
    "ResourceInUse": Verdict(ErrorKind.CONFLICT),
    "ResourceNotFound": Verdict(ErrorKind.NOT_FOUND),
    "ResourceUnavailable": Verdict(ErrorKind.UNSUPPORTED),
    "ServiceNotFound": _UNSUPPORTED,
    "ServiceTimeout": _LATER,
    "ServiceUnavailable": _LATER,
    "SignatureDoesNotMatch": _KEYS,
    "Unauthorized": _KEYS,
    "UnsupportedOperation": Verdict(ErrorKind.UNSUPPORTED),
    "UnsupportedProtocol": _UNSUPPORTED,
    "UnsupportedRegion": _UNSUPPORTED,
}


def verdict_of(code: str) -> Verdict:
    """The meaning of a code, or of its family if the exact one is not known."""
    while code not in CODES and "." in code:
        code = code.rpartition(".")[0]
    return CODES.get(code, UNKNOWN)


def refused(response: Response, operation: str, error: ErrorBody, request_id: str | None) -> VodfastError:
    """The error for `ResponseMetadata.Error`. A code nobody knows on a failing status is judged by the status."""
    verdict = verdict_of(error.code or "")
    if verdict is UNKNOWN and response.status != 200:
        verdict = by_status(response.status)
    return refusal(
        verdict,
        response,
        cloud="volcengine",
        operation=operation,
        service=SERVICE,
        code=error.code,
        message=error.message or "",
        request_id=request_id,
    )


def failed(response: Response, operation: str) -> VodfastError:
    """The error for a status other than 200 without an error body."""
    request_id = response.header("x-tt-logid")
    if 300 <= response.status < 400:
        return redirect(response, cloud="volcengine", operation=operation, service=SERVICE, request_id=request_id)
    return refusal(
        by_status(response.status),
        response,
        cloud="volcengine",
        operation=operation,
        service=SERVICE,
        request_id=request_id,
    )


def useless(response: Response, operation: str, problem: str, request_id: str | None = None) -> VodfastError:
    """The error for a 200 that cannot be read or lacks what the next step needs."""
    return unreadable(
        problem, response, cloud="volcengine", operation=operation, service=SERVICE, request_id=request_id
    )
