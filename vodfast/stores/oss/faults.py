"""What Alibaba Cloud OSS means by its error codes.

Decides kind, retry class and advice for each code of section 5.9 of the protocol notes; an unknown code is judged by
its status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.stores.verdict import MAX_RETRY_AFTER, Verdict, by_status, redirect, refusal, unreadable
from vodfast.stores.xmlbody import error_document
from vodfast.transfer.message import Response

SERVICE: Final = "Alibaba Cloud OSS"

_INPUT = Verdict(ErrorKind.INVALID_INPUT)
_DAMAGED = Verdict(ErrorKind.INTEGRITY, RetryClass.LATER, "the bytes were damaged on the way, send them again")
_CUT_SHORT = Verdict(ErrorKind.NETWORK, RetryClass.LATER, "the connection was too slow or broke off, try again")
_EXPIRED = Verdict(ErrorKind.SESSION_EXPIRED, RetryClass.RENEW, "the upload's credentials must be renewed")
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
_BUSY = Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send less at a time")
_KEYS = Verdict(ErrorKind.AUTH, advice="check the credentials and what they may do")
_GONE = Verdict(ErrorKind.NOT_FOUND)
_CONFLICT = Verdict(ErrorKind.CONFLICT)
_PARTS = Verdict(ErrorKind.CONFLICT, advice="the stored parts are not the ones named, start a new upload")

CODES: Final[Mapping[str, Verdict]] = {
    "AccessDenied": _KEYS,
    "AccessKeyIdAndSecurityTokenNotMatch": _EXPIRED,
    "BadRequest": _CUT_SHORT,
    "CallbackFailed": Verdict(
        ErrorKind.UNAVAILABLE, RetryClass.LATER, "the object is stored, but whoever was to be told of it did not listen"
    ),
    "DownloadTrafficRateLimitExceeded": _BUSY,
    "EntityTooLarge": _INPUT,
    "EntityTooSmall": Verdict(ErrorKind.INVALID_INPUT, advice="every part but the last needs at least 100 KiB"),
    "FileAlreadyExists": _CONFLICT,
    "FilePartInterity": _DAMAGED,
    "FilePartNotExist": _PARTS,
    "FilePartStale": _PARTS,
    "InternalError": _LATER,
    "InvalidAccessKeyId": _EXPIRED,
    "InvalidArgument": _INPUT,
    "InvalidDigest": _DAMAGED,
    "InvalidObjectName": _INPUT,
    "InvalidPart": _PARTS,
    "InvalidPartOrder": _PARTS,
    "InvalidSecurityToken": _EXPIRED,
    "MalformedXML": _INPUT,
    "MissingContentLength": _INPUT,
    "NoSuchBucket": _GONE,
    "NoSuchKey": _GONE,
    "NoSuchUpload": _GONE,
    "NotImplemented": Verdict(ErrorKind.UNSUPPORTED),
    "RequestTimeTooSkewed": Verdict(ErrorKind.AUTH, advice="the local clock is more than 15 minutes wrong, set it"),
    "RequestTimeout": _CUT_SHORT,
    "SecurityTokenExpired": _EXPIRED,
    "ServiceUnavailable": _LATER,
    "SignatureDoesNotMatch": _KEYS,
    "UploadTrafficRateLimitExceeded": _BUSY,
}

_MILLISECONDS = re.compile(r"[0-9]{1,9}")


def verdict_of(status: int, code: str | None) -> Verdict:
    """The meaning of one refusal. A code inside a 200 answer that is not in the table is the store's own trouble."""
    return CODES.get(code or "") or (_LATER if status == 200 else by_status(status))


def error_fields(response: Response) -> tuple[str, str, str | None] | None:
    """(code, message, request id) of an `<Error>` document, which for HEAD travels in a header; None if there is
    none."""
    body = response.body
    if not body:
        try:
            body = base64.b64decode(response.header("x-oss-err") or "", validate=True)
        except (binascii.Error, ValueError):
            return None
    return error_document(body)


def request_id(response: Response) -> str | None:
    return response.header("x-oss-request-id")


def fault(response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for an answer that is not a success."""
    if 300 <= response.status < 400:
        return redirect(response, cloud=cloud, operation=operation, service=SERVICE, request_id=request_id(response))
    code, message, said_id = error_fields(response) or ("", "", None)
    error = refusal(
        verdict_of(response.status, code),
        response,
        cloud=cloud,
        operation=operation,
        service=SERVICE,
        code=code or None,
        message=message,
        request_id=request_id(response) or said_id,
    )
    if error.retry_after is None:
        error.retry_after = _qos_delay(response)
    return error


def _qos_delay(response: Response) -> float | None:
    """Seconds a throttled answer asks to wait; the header counts milliseconds."""
    text = response.header("x-oss-qos-delay-time") or ""
    return min(int(text) / 1000, MAX_RETRY_AFTER) if _MILLISECONDS.fullmatch(text) else None


def useless(problem: str, response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for a 200 that lacks what the next step needs."""
    return unreadable(
        problem, response, cloud=cloud, operation=operation, service=SERVICE, request_id=request_id(response)
    )
