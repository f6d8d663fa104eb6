"""COS answers: XML documents and error documents, exactly in the documented shapes.

Decides element names and order (protocol notes 3.3, 3.4) and the status that goes with each code.
"""

from __future__ import annotations

from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.xmldocument import XML, document

DECLARATION = "<?xml version='1.0' encoding='utf-8' ?>"

STATUS = {
    code: status
    for status, codes in {
        400: """
        BadDigest BadRequest BucketAccelerateNotEnabled EntitySizeNotMatch EntityTooLarge EntityTooSmall ExpiredToken
        IncompleteBody InvalidArgument InvalidBucketName InvalidDigest InvalidObjectName InvalidPart InvalidPartOrder
        InvalidRegionName InvalidRequest InvalidSHA1Digest InvalidUploadStatus InvalidURI KeyTooLong MalformedXML
        MissingRequestBodyError NotSupportedStorageClass RequestTimeout UserNetworkTooSlow
        """,
        403: "AccessDenied AccessForbidden InvalidAccessKeyId InvalidObjectState RequestTimeTooSkewed "
        "SignatureDoesNotMatch",
        404: "NoSuchBucket NoSuchKey NoSuchUpload NoSuchVersion",
        405: "MethodNotAllowed UploadIdNotSupported",
        409: "PathConflict UploadConflict ObjectLocked BucketLocked",
        411: "MissingContentLength",
        412: "PreconditionFailed",
        416: "InvalidRange",
        451: "UnavailableForLegalReasons DomainAuditFailed",
        500: "InternalError",
        501: "NotImplemented",
        503: "ServiceUnavailable SlowDown",
    }.items()
    for code in codes.split()
} | {"Request has expired": 403}
"""By vendor code (3.4); a code that is not listed answers 400."""


def refuse(call: Call, refusal: Refusal) -> Reply:
    """The error document. HEAD gets the headers alone."""
    resource = f"{call.request.host}{call.request.path.decode('latin-1')}"
    body = document(
        DECLARATION,
        "Error",
        (
            ("Code", refusal.code),
            ("Message", refusal.message),
            ("Resource", resource),
            ("RequestId", call.request_id),
            ("TraceId", trace(call)),
        ),
    )
    status = refusal.status or STATUS.get(refusal.code, 400)
    return Reply(status, (XML, ("x-cos-request-id", call.request_id), ("x-cos-trace-id", trace(call))), body)


def trace(call: Call) -> str:
    """An opaque trace id."""
    return f"vodfast-emulator-trace-{call.request_id}"
