"""Vendor codes into kinds and retry classes, and what of a vendor's text may be shown."""

from __future__ import annotations

import base64
import json

import pytest

from vodfast.errors import AuthError, ErrorKind, IntegrityError, InvalidInput, RetryClass, VodfastError
from vodfast.providers.aliyun import faults as vod
from vodfast.providers.aliyun.calls import open_reply
from vodfast.providers.answers import MAX_ANSWER
from vodfast.stores.oss import faults as oss
from vodfast.transfer.message import Response

LATER, NEVER, RENEW = RetryClass.LATER, RetryClass.NEVER, RetryClass.RENEW
CANARY = "CAIScanary0123456789abcdefghijklmnop=="


def refusal(code: str, status: int = 400, message: str = "no", **extra: str) -> VodfastError:
    body = json.dumps({"RequestId": "R-1", "HostId": "h", "Code": code, "Message": message, **extra}).encode()
    with pytest.raises(VodfastError) as caught:
        open_reply("Op", Response(status=status, headers=(), body=body))
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind", "retry"),
    [
        ("MissingParameter", 400, ErrorKind.INVALID_INPUT, NEVER),
        ("InvalidParameter.Whatever", 400, ErrorKind.INVALID_INPUT, NEVER),
        ("InvalidFileName.Extension", 400, ErrorKind.INVALID_INPUT, NEVER),
        ("InvalidStorage.NotFound", 404, ErrorKind.CONFIG, NEVER),
        ("InvalidVideo.NotFound", 404, ErrorKind.NOT_FOUND, NEVER),
        ("InvalidVideo.NotFound", 400, ErrorKind.NOT_FOUND, NEVER),
        ("Forbidden.RAM", 403, ErrorKind.AUTH, NEVER),
        ("OperationDenied.Suspended", 403, ErrorKind.AUTH, NEVER),
        ("AccessDenied", 400, ErrorKind.AUTH, NEVER),
        ("InvalidAccessKeyId.NotFound", 404, ErrorKind.AUTH, NEVER),
        ("InvalidSecurityToken.Expired", 400, ErrorKind.AUTH, RENEW),
        ("InvalidTimeStamp.Expired", 400, ErrorKind.AUTH, NEVER),
        ("SignatureNonceUsed", 400, ErrorKind.UNAVAILABLE, LATER),
        ("SignatureDoesNotMatch", 400, ErrorKind.AUTH, NEVER),
        ("Throttling", 400, ErrorKind.THROTTLED, LATER),
        ("Throttling.User", 429, ErrorKind.THROTTLED, LATER),
        ("Throttling.Api.New", 400, ErrorKind.THROTTLED, LATER),
        ("AddVideoFailed", 503, ErrorKind.UNAVAILABLE, LATER),
        ("ServiceUnAvailable", 503, ErrorKind.UNAVAILABLE, LATER),
        ("InternalError", 500, ErrorKind.UNAVAILABLE, LATER),
        ("Brand.New", 500, ErrorKind.UNAVAILABLE, LATER),
        ("Brand.New", 404, ErrorKind.NOT_FOUND, NEVER),
        ("Brand.New", 200, ErrorKind.UNEXPECTED, NEVER),
    ],
)
def test_each_code_of_the_service_has_its_kind_and_retry_class(
    code: str, status: int, kind: ErrorKind, retry: RetryClass
) -> None:
    error = refusal(code, status)
    assert (error.kind, error.retry, error.code, error.status) == (kind, retry, code, status)
    assert (error.cloud, error.operation, error.request_id) == ("aliyun", "Op", "R-1")


def test_the_string_to_sign_is_not_shown() -> None:
    error = refusal("SignatureDoesNotMatch", message=f"server string to sign is:POST&SecurityToken%3D{CANARY}")
    assert CANARY not in str(error)
    assert "SecurityToken" not in str(error)
    assert isinstance(error, AuthError)


@pytest.mark.parametrize(
    ("body", "status", "kind", "retry"),
    [
        (b"", 200, ErrorKind.UNEXPECTED, LATER),
        (b"<html>", 200, ErrorKind.UNEXPECTED, LATER),
        (b"[]", 200, ErrorKind.UNEXPECTED, LATER),
        (b'{"RequestId": 7}', 200, ErrorKind.UNEXPECTED, LATER),
        (b"[" * 100_000, 200, ErrorKind.UNEXPECTED, LATER),
        (b" " * (MAX_ANSWER + 1), 200, ErrorKind.UNEXPECTED, LATER),
        (b"<html>", 502, ErrorKind.UNAVAILABLE, LATER),
        (b"", 429, ErrorKind.THROTTLED, LATER),
        (b'{"Code": null}', 403, ErrorKind.AUTH, NEVER),
    ],
)
def test_answers_that_are_none(body: bytes, status: int, kind: ErrorKind, retry: RetryClass) -> None:
    with pytest.raises(VodfastError) as caught:
        open_reply("Op", Response(status=status, headers=(), body=body))
    assert (caught.value.kind, caught.value.retry) == (kind, retry)


def test_redirects_are_never_followed() -> None:
    headers = (("location", "https://evil.example.com/?token=x"),)
    with pytest.raises(VodfastError, match=r"evil\.example\.com") as caught:
        open_reply("Op", Response(status=302, headers=headers, body=b""))
    assert not caught.value.reached
    assert "token" not in str(caught.value)
    error = oss.fault(Response(status=307, headers=headers, body=b""), cloud="aliyun", operation="PutObject")
    assert "redirect" in error.message


def store_fault(code: str, status: int, *headers: tuple[str, str], message: str = "no") -> VodfastError:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R-2</RequestId></Error>"
    return oss.fault(Response(status=status, headers=headers, body=body.encode()), cloud="aliyun", operation="Op")


@pytest.mark.parametrize(
    ("code", "status", "kind", "retry"),
    [
        ("SecurityTokenExpired", 403, ErrorKind.SESSION_EXPIRED, RENEW),
        ("InvalidAccessKeyId", 403, ErrorKind.SESSION_EXPIRED, RENEW),
        ("InvalidSecurityToken", 403, ErrorKind.SESSION_EXPIRED, RENEW),
        ("AccessKeyIdAndSecurityTokenNotMatch", 403, ErrorKind.SESSION_EXPIRED, RENEW),
        ("SignatureDoesNotMatch", 403, ErrorKind.AUTH, NEVER),
        ("RequestTimeTooSkewed", 403, ErrorKind.AUTH, NEVER),
        ("AccessDenied", 403, ErrorKind.AUTH, NEVER),
        ("NoSuchUpload", 404, ErrorKind.NOT_FOUND, NEVER),
        ("InvalidPart", 400, ErrorKind.CONFLICT, NEVER),
        ("InvalidDigest", 400, ErrorKind.INTEGRITY, LATER),
        ("RequestTimeout", 400, ErrorKind.NETWORK, LATER),
        ("EntityTooSmall", 400, ErrorKind.INVALID_INPUT, NEVER),
        ("FileAlreadyExists", 409, ErrorKind.CONFLICT, NEVER),
        ("InternalError", 500, ErrorKind.UNAVAILABLE, LATER),
        ("UploadTrafficRateLimitExceeded", 503, ErrorKind.THROTTLED, LATER),
        ("BrandNew", 503, ErrorKind.UNAVAILABLE, LATER),
        ("BrandNew", 400, ErrorKind.INVALID_INPUT, NEVER),
        ("BrandNew", 200, ErrorKind.UNAVAILABLE, LATER),
    ],
)
def test_each_code_of_the_store_has_its_kind_and_retry_class(
    code: str, status: int, kind: ErrorKind, retry: RetryClass
) -> None:
    error = store_fault(code, status)
    assert (error.kind, error.retry, error.code, error.request_id) == (kind, retry, code, "R-2")


def test_a_refusal_of_the_store_is_of_the_right_class_and_says_when_to_come_back() -> None:
    assert isinstance(store_fault("InvalidDigest", 400), IntegrityError)
    assert isinstance(store_fault("InvalidArgument", 400), InvalidInput)
    assert store_fault("X", 503, ("x-oss-qos-delay-time", "1500")).retry_after == 1.5
    assert store_fault("X", 503, ("x-oss-qos-delay-time", "1500"), ("retry-after", "7")).retry_after == 7
    assert store_fault("X", 503, ("x-oss-qos-delay-time", "soon")).retry_after is None
    assert store_fault("X", 503, ("x-oss-request-id", "H-9")).request_id == "H-9"
    assert CANARY not in str(store_fault("AccessDenied", 403, message=f"token {CANARY}"))


def test_a_refused_head_says_why_in_a_header() -> None:
    inside = base64.b64encode(b"<Error><Code>SecurityTokenExpired</Code></Error>").decode()
    response = Response(status=403, headers=(("x-oss-err", inside),), body=b"")
    assert oss.fault(response, cloud="aliyun", operation="HeadObject").retry is RENEW
    for bad in ("", "%%%", base64.b64encode(b"<!DOCTYPE x><Error/>").decode()):
        response = Response(status=403, headers=(("x-oss-err", bad),), body=b"")
        assert oss.fault(response, cloud="aliyun", operation="HeadObject").kind is ErrorKind.AUTH


def test_tables_are_written_in_order() -> None:
    for table in (vod.CODES, oss.CODES):
        assert list(table) == sorted(table)
