"""What Tencent Cloud COS means by its error codes.

Decides kind, retry class and advice for each code of section 3.4 of the protocol notes; an unknown code is judged by
its status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vodfast.errors import ErrorKind, RetryClass, VodfastError, one_line
from vodfast.stores.verdict import Verdict, by_status, redirect, refusal, unreadable
from vodfast.stores.xmlbody import BadXml, child_text, error_document, parse_xml
from vodfast.transfer.message import Response

SERVICE: Final = "Tencent Cloud COS"

_INPUT = Verdict(ErrorKind.INVALID_INPUT)
_AUTH = Verdict(ErrorKind.AUTH, advice="check the credentials and what they may do")
_DAMAGED = Verdict(ErrorKind.INTEGRITY, RetryClass.LATER, "the bytes were damaged on the way, send them again")
_CUT_SHORT = Verdict(ErrorKind.NETWORK, RetryClass.LATER, "the connection was too slow or broke off, try again")
_EXPIRED = Verdict(
    ErrorKind.SESSION_EXPIRED, RetryClass.RENEW, "a new session is needed; if it happens at once, set the local clock"
)
_LATER = Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later")
_CLOCK = Verdict(ErrorKind.AUTH, advice="the local clock is wrong, set it")
_GONE = Verdict(ErrorKind.NOT_FOUND)
_CONFLICT = Verdict(ErrorKind.CONFLICT)
_PARTS = Verdict(ErrorKind.CONFLICT, advice="the stored parts are not the ones named, start a new upload")
_UNSUPPORTED = Verdict(ErrorKind.UNSUPPORTED)
_FORBIDDEN = Verdict(ErrorKind.AUTH, advice="the service blocks this content or domain, ask its support")

CODES: Final[Mapping[str, Verdict]] = {
    "BadDigest": _DAMAGED,
    "BadRequest": _INPUT,
    "BucketAccelerateNotEnabled": Verdict(
        ErrorKind.CONFIG, advice="global acceleration is off for this bucket, use another cos_domain"
    ),
    "EntitySizeNotMatch": _DAMAGED,
    "EntityTooLarge": _INPUT,
    "EntityTooSmall": Verdict(ErrorKind.INVALID_INPUT, advice="every part but the last needs at least 1 MiB"),
    "ExpiredToken": _EXPIRED,
    "IncompleteBody": _CUT_SHORT,
    "InvalidArgument": _INPUT,
    "InvalidBucketName": _INPUT,
    "InvalidDigest": _INPUT,
    "InvalidObjectName": _INPUT,
    "InvalidPart": _PARTS,
    "InvalidPartOrder": _PARTS,
    "InvalidRegionName": _INPUT,
    "InvalidRequest": _INPUT,
    "InvalidSHA1Digest": _DAMAGED,
    "InvalidUploadStatus": _CONFLICT,
    "InvalidURI": _INPUT,
    "KeyTooLong": _INPUT,
    "MalformedXML": _INPUT,
    "MissingRequestBodyError": _INPUT,
    "NotSupportedStorageClass": _UNSUPPORTED,
    "RequestTimeout": _CUT_SHORT,
    "UserNetworkTooSlow": _CUT_SHORT,
    "AccessDenied": _AUTH,
    "AccessForbidden": _AUTH,
    "InvalidAccessKeyId": _AUTH,
    "InvalidObjectState": _CONFLICT,
    "RequestTimeTooSkewed": _CLOCK,
    "Request has expired": _EXPIRED,
    "SignatureDoesNotMatch": _AUTH,
    "NoSuchBucket": _GONE,
    "NoSuchKey": _GONE,
    "NoSuchUpload": Verdict(ErrorKind.NOT_FOUND, advice="the upload was finished, aborted or expired"),
    "NoSuchVersion": _GONE,
    "MethodNotAllowed": _UNSUPPORTED,
    "UploadIdNotSupported": _UNSUPPORTED,
    "PathConflict": _CONFLICT,
    "UploadConflict": Verdict(ErrorKind.CONFLICT, RetryClass.LATER, "another request for this object is under way"),
    "ObjectLocked": _CONFLICT,
    "BucketLocked": _CONFLICT,
    "MissingContentLength": _INPUT,
    "PreconditionFailed": _CONFLICT,
    "InvalidRange": _INPUT,
    "UnavailableForLegalReasons": _FORBIDDEN,
    "DomainAuditFailed": _FORBIDDEN,
    "InternalError": _LATER,
    "NotImplemented": _UNSUPPORTED,
    "ServiceUnavailable": _LATER,
    "SlowDown": Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "send fewer requests a second"),
}

_TOLD: Final = 1024
"""Characters kept of what a refusal says of itself; a trace is longer than a request id."""
_EXPIRY = re.compile(r"\bexpired\b", re.IGNORECASE)


def verdict_of(status: int, code: str | None, message: str = "") -> Verdict:
    """The meaning of one refusal. A code inside a 200 answer that is not in the table is the store's own trouble.

    COS also reports an expired certificate as `AccessDenied` with the word in the message.
    """
    if code == "AccessDenied" and _EXPIRY.search(message):
        return _EXPIRED
    return CODES.get(code or "") or (_LATER if status == 200 else by_status(status))


def error_fields(response: Response) -> tuple[str, str, str | None] | None:
    """(code, message, request id) of an `<Error>` document, None if the body is something else or empty."""
    return error_document(response.body)


def request_id(response: Response) -> str | None:
    return response.header("x-cos-request-id")


def _whereabouts(response: Response) -> dict[str, str]:
    """What an `<Error>` document says of the object, and the store's own trace of the request."""
    try:
        root = parse_xml(response.body)
    except BadXml:
        return {}
    told = {"resource": child_text(root, "Resource"), "trace_id": child_text(root, "TraceId")}
    return {name: one_line(text.partition("?")[0][:_TOLD]) for name, text in told.items() if text}


def fault(response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for an answer that is not a success. Its `context` has `resource` and `trace_id`, if they are told."""
    if 300 <= response.status < 400:
        return redirect(response, cloud=cloud, operation=operation, service=SERVICE, request_id=request_id(response))
    code, message, said_id = error_fields(response) or ("", "", None)
    error = refusal(
        verdict_of(response.status, code, message),
        response,
        cloud=cloud,
        operation=operation,
        service=SERVICE,
        code=code or None,
        message=message,
        request_id=request_id(response) or said_id,
    )
    error.context = MappingProxyType({**error.context, **_whereabouts(response)})
    return error


def useless(problem: str, response: Response, *, cloud: str, operation: str) -> VodfastError:
    """The error for a 200 that lacks what the next step needs."""
    return unreadable(
        problem, response, cloud=cloud, operation=operation, service=SERVICE, request_id=request_id(response)
    )
