"""OSS answers: XML documents and error documents, in the documented shapes.

Decides element names and order (protocol notes 5.2, 5.9) and the status that goes with each code. No namespace stands
anywhere: the vendor's clients cannot read one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from xml.sax.saxutils import escape

from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal

XML = ("Content-Type", "application/xml")

STATUS = {
    code: status
    for status, codes in {
        403: "AccessDenied InvalidAccessKeyId InvalidSecurityToken AccessKeyIdAndSecurityTokenNotMatch "
        "SecurityTokenExpired SignatureDoesNotMatch RequestTimeTooSkewed",
        404: "NoSuchBucket NoSuchKey NoSuchUpload",
        405: "MethodNotAllowed",
        409: "FileAlreadyExists",
        411: "MissingContentLength",
        416: "InvalidRange",
        500: "InternalError",
        501: "NotImplemented",
        503: "ServiceUnavailable UploadTrafficRateLimitExceeded DownloadTrafficRateLimitExceeded",
    }.items()
    for code in codes.split()
}
"""By vendor code (5.9); a code that is not listed answers 400."""

_EC = {"SecurityTokenExpired": "0002-00000007", "InvalidPartOrder": "0042-00000209", "EntityTooSmall": "0042-00000213"}

Fields = Iterable[tuple[str, object]]


def document(root: str, fields: Fields) -> bytes:
    """An XML document; a field's value is text, a number, or a nested list of fields."""
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{_fields(fields)}</{root}>'.encode()


def _fields(fields: Fields) -> str:
    return "".join(
        f"<{name}>{_fields(value) if isinstance(value, (list, tuple)) else escape(str(value))}</{name}>"
        for name, value in fields
    )


def refuse(call: Call, refusal: Refusal) -> Reply:
    """The error document; for HEAD it travels in a header."""
    fields = [
        ("Code", refusal.code),
        ("Message", refusal.message),
        ("RequestId", call.request_id),
        ("HostId", call.request.host),
    ]
    if refusal.code in _EC:
        fields.append(("EC", _EC[refusal.code]))
    body = document("Error", fields)
    headers = [XML, ("x-oss-request-id", call.request_id)]
    if call.request.method == "HEAD":
        headers.append(("x-oss-err", base64.b64encode(body).decode()))
    return Reply(refusal.status or STATUS.get(refusal.code, 400), tuple(headers), body)


def answer(call: Call, status: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"") -> Reply:
    """A success; a body is XML."""
    kind = (XML,) if body else ()
    return Reply(status, (*kind, *headers, ("x-oss-request-id", call.request_id)), body)
