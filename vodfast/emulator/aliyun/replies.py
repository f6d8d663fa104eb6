"""OSS answers: XML documents and error documents, in the documented shapes.

Decides element names and order (protocol notes 5.2, 5.9) and the status that goes with each code. No namespace stands
anywhere: the vendor's clients cannot read one.
"""

from __future__ import annotations

import base64

from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal
from vodfast.emulator.xmldocument import XML, document

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

STATUS = {
    code: status
    for status, codes in {
        403: "AccessDenied InvalidAccessKeyId InvalidSecurityToken AccessKeyIdAndSecurityTokenNotMatch "
        "SecurityTokenExpired SignatureDoesNotMatch RequestTimeTooSkewed",
        404: "NoSuchBucket NoSuchKey NoSuchUpload",
        405: "MethodNotAllowed",
        409: "FileAlreadyExists ObjectNotAppendable PositionNotEqualToLength",
        411: "MissingContentLength",
        412: "PreconditionFailed",
        416: "InvalidRange",
        500: "InternalError",
        501: "NotImplemented",
        503: "ServiceUnavailable UploadTrafficRateLimitExceeded DownloadTrafficRateLimitExceeded",
    }.items()
    for code in codes.split()
}
"""By vendor code (5.9); a code that is not listed answers 400."""

_WAIT = ("x-oss-qos-delay-time", "20")
"""Milliseconds after which a throttled request may come again (5.3)."""
_THROTTLED = frozenset(("UploadTrafficRateLimitExceeded", "DownloadTrafficRateLimitExceeded"))
_EC = {"SecurityTokenExpired": "0002-00000007", "InvalidPartOrder": "0042-00000209", "EntityTooSmall": "0042-00000213"}


def refuse(call: Call, refusal: Refusal) -> Reply:
    """The error document; for HEAD it travels in a header."""
    fields = [
        ("Code", refusal.code),
        ("Message", refusal.message),
        ("RequestId", call.request_id),
        ("HostId", call.request.host),
        *refusal.details,
        *([("EC", _EC[refusal.code])] if refusal.code in _EC else []),
    ]
    body = document(DECLARATION, "Error", fields)
    headers = [
        XML,
        ("x-oss-request-id", call.request_id),
        *(("x-oss-ec", text) for name, text in fields if name == "EC"),
    ]
    if refusal.code in _THROTTLED:
        headers.append(_WAIT)
    if call.request.method == "HEAD":
        headers.append(("x-oss-err", base64.b64encode(body).decode()))
    return Reply(refusal.status or STATUS.get(refusal.code, 400), tuple(headers), body)
